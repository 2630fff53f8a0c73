import { getBuiltinModule } from 'node:process';
import type { IncomingMessage } from 'node:http';
import { HostError, type Host } from '@vedette/collectors';

/** A daemon that hangs is reported, not waited for. */
const answerMs = 2_000;
/** No socket, one of a daemon that is gone, and one that was refused to be a socket at all. */
const nobody = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ENOTSOCK']);

/** See Host. Over a connection of its own, which ends with the answer. */
export const askSocket: Host['askSocket'] = async (socket, path, { maxBytes }) => {
  // Loaded when it is needed: most hosts have nobody to ask.
  const { request } = getBuiltinModule('node:http');
  const signal = AbortSignal.timeout(answerMs);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const asked = request({ socketPath: socket, path, headers: { host: 'localhost' }, agent: false, signal }, resolve);
    asked.on('error', reject);
    asked.end();
    const answer = await promise;
    if (answer.statusCode !== 200) {
      asked.destroy();
      throw new HostError('IO', socket);
    }
    return await bodyOf(answer, () => new HostError('TOO_LARGE', socket), maxBytes);
  } catch (error) {
    if (error instanceof HostError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (nobody.has(code)) return null;
    throw new HostError(code === 'EACCES' || code === 'EPERM' ? 'DENIED' : 'IO', socket, { cause: error });
  }
};

/** Leaving the loop early destroys the connection. */
async function bodyOf(answer: IncomingMessage, tooLarge: () => HostError, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}
