import { readFileSync } from 'node:fs';
import { createServer as createHttp, request } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createSecureServer } from 'node:tls';

interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Passes connections on, and ends TLS before that where there is a certificate; returns how to end it. */
export async function forward(
  from: { host: string; port: number },
  to: URL,
  certificate: Certificate | null = null,
): Promise<AsyncDisposable> {
  const pass = (socket: Duplex): void => {
    const other = connect(Number(to.port), to.hostname);
    for (const [one, two] of [
      [socket, other],
      [other, socket],
    ] as const) {
      one.on('error', () => two.destroy());
      one.pipe(two);
    }
  };
  const tls = certificate && { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) };
  return listening(tls ? createSecureServer(tls, pass) : createServer(pass), from);
}

/** A stolen CDN: passes requests to the platform on, and changes a byte in the middle of every target. */
export async function alter(to: URL): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createHttp((asked, answer) => {
    const passed = request(new URL(asked.url ?? '/', to), { headers: { ...asked.headers, host: to.host } }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => {
        const body = Buffer.concat(chunks);
        const isTarget = asked.url?.startsWith('/targets/code/') === true;
        const at = body.length >> 1;
        if (isTarget && body.length > 0) body[at] = (body[at] ?? 0) ^ 1;
        answer.writeHead(reply.statusCode ?? 502, reply.headers).end(body);
      });
    });
    passed.on('error', () => answer.destroy());
    passed.end();
  });
  const running = await listening(server, { host: '127.0.0.1', port: 0 });
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

async function listening(server: Server, { host, port }: { host: string; port: number }): Promise<AsyncDisposable> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  await promise;
  return { [Symbol.asyncDispose]: async () => void server.close() };
}
