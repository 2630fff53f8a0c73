import { createPublicKey, type KeyObject, type KeyObject as PublicKey } from 'node:crypto';
import { Agent, request, type IncomingMessage } from 'node:http';
import { zstdCompressSync, constants } from 'node:zlib';
import { signRequest } from '../../apps/agent/src/transport/sign-request.ts';
import { verifyReply } from '../../apps/agent/src/transport/verify-reply.ts';

/** Who signs a request: Ed25519 key and agent id, or for an enrollment the key itself. */
export interface Sender {
  readonly key: KeyObject;
  readonly keyid: string;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** Seconds the platform asked to wait; 0 where it did not. */
  readonly retryAfterSeconds: number;
}

export interface ConnectionOptions {
  /** May be set later. */
  readonly url?: URL;
  readonly sockets: number;
  /** Of so many replies one is verified as agents verify all: they have a processor each, we have one for all. */
  readonly verifyEvery: number;
}

/** The HTTP of many agents over a few connections: signed requests, by the code of the agent. Speaks plain HTTP, for loopback. */
export class FleetConnection implements Disposable {
  readonly #options: ConnectionOptions;
  readonly #agent: Agent;
  url: URL;
  #platformKey: PublicKey | null = null;
  #count = 0;
  sentBytes = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.url = options.url ?? new URL('http://127.0.0.1');
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.sockets });
  }

  trust(publicKeyBase64: string): void {
    const x = Buffer.from(publicKeyBase64, 'base64').toString('base64url');
    this.#platformKey ??= createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  }

  /** Rejects with the system's error, or when a reply is not the platform's. */
  async post(path: string, message: unknown, sender: Sender): Promise<Reply> {
    const body = zstdCompressSync(JSON.stringify(message), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    const { headers, nonce } = signRequest(path, body, sender, Math.floor(Date.now() / 1000));
    this.sentBytes += body.length;
    const reply = await this.#exchange(path, headers, body);
    const chunks: Buffer[] = [];
    for await (const chunk of reply as AsyncIterable<Buffer>) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const status = reply.statusCode ?? 0;
    this.#count += 1;
    if (this.#platformKey && this.#count % this.#options.verifyEvery === 0) {
      const joined = Object.fromEntries(
        Object.entries(reply.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]),
      );
      if (!verifyReply({ status, headers: joined, body: bytes }, nonce, this.#platformKey))
        throw new Error(`a reply (status ${status}) that the platform did not sign`);
    }
    const retryAfterSeconds = status === 503 || status === 429 ? Number(reply.headers['retry-after'] ?? 1) : 0;
    return { status, body: JSON.parse(bytes.toString('utf8')) as unknown, retryAfterSeconds }; // checked by who asked
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #exchange(path: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { hostname, port } = this.url;
    const options = {
      hostname,
      port,
      path,
      method: 'POST',
      agent: this.#agent,
      headers: { ...headers, 'content-length': body.length },
    };
    const sent = request(options, resolve);
    sent.on('error', reject);
    sent.setTimeout(60_000, () => sent.destroy(new Error('no answer within 60 s')));
    sent.end(body);
    return promise;
  }
}
