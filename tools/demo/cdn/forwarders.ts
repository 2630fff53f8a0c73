import { readFileSync } from 'node:fs';
import { createServer as createHttp, request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createSecureServer } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';

/** What the worker of this file is started with. A thread of its own: the demo itself waits for programs that it starts. */
export interface Ways {
  readonly platform: string;
  readonly host: string;
  /** For agents by TLS, as a load balancer would do it; without, for edges; and through a thief. */
  readonly ports: { readonly agents: number; readonly edges: number; readonly thief: number };
  readonly certificate: Certificate;
}

interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Passes connections on, and ends TLS before that where there is a certificate. */
async function forward(from: { host: string; port: number }, to: URL, certificate: Certificate | null = null): Promise<void> {
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
async function alter(from: { host: string; port: number }, to: URL): Promise<void> {
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
  return listening(server, from);
}

async function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  await promise;
}

const { platform, host, ports, certificate } = workerData as Ways; // by the demo
await forward({ host, port: ports.agents }, new URL(platform), certificate);
await forward({ host, port: ports.edges }, new URL(platform));
await alter({ host, port: ports.thief }, new URL(platform));
parentPort?.postMessage('ready');
