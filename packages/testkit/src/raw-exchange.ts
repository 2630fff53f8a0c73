import { connect as connectPlain } from 'node:net';
import { connect as connectSecure } from 'node:tls';

/**
 * Sends text as it is to a server and returns what comes back until the connection ends, or pauses for long: for requests that no HTTP
 * client would write. `ca`: PEM of the authority of an https server.
 */
export async function rawExchange(url: string, text: string, ca?: string): Promise<string> {
  const { protocol, hostname: host, port } = new URL(url);
  const socket =
    protocol === 'https:' ? connectSecure({ host, port: Number(port), ca }) : connectPlain({ host, port: Number(port) });
  const chunks: Buffer[] = [];
  const ended = Promise.withResolvers<void>();
  socket.setTimeout(pauseMs, () => socket.destroy());
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server that resets the connection has answered before, or said enough by it.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => ended.resolve());
  socket.write(text);
  await ended.promise;
  return Buffer.concat(chunks).toString('latin1');
}

const pauseMs = 1500;
