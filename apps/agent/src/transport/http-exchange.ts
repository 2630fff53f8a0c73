import { getBuiltinModule } from 'node:process';
import type { Agent, IncomingMessage, request } from 'node:http';

export interface HttpReply {
  readonly status: number;
  /** Names in lower case; a repeated header is joined, so that no signature covers half of it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface ExchangeOptions {
  readonly platform: URL;
  /** PEM of the only certificate authority to trust; the well-known ones when absent. */
  readonly ca?: string | undefined;
  /** Silence on the connection, in milliseconds, after which an exchange fails. */
  readonly timeoutMs?: number;
}

const maxReplyBytes = 1024 * 1024;

/** POST over one connection that is kept open. Plain HTTP or TLS 1.3 by the platform's address; it does not follow redirects. */
export class HttpExchange implements Disposable {
  readonly #agent: Agent;
  readonly #request: typeof request;
  readonly #platform: URL;
  readonly #timeoutMs: number;

  constructor({ platform, ca, timeoutMs = 30_000 }: ExchangeOptions) {
    this.#platform = platform;
    this.#timeoutMs = timeoutMs;
    const pooling = { keepAlive: true, maxSockets: 1 };
    // Loaded here and not at the start: Node's HTTP costs 11 MB, which the start must not add to its own peak.
    if (platform.protocol === 'https:') {
      const https = getBuiltinModule('node:https');
      this.#agent = new https.Agent({ ...pooling, minVersion: 'TLSv1.3', ...(ca === undefined ? {} : { ca }) });
      this.#request = https.request;
    } else {
      const http = getBuiltinModule('node:http');
      this.#agent = new http.Agent(pooling);
      this.#request = http.request;
    }
  }

  /** Rejects with the system's error; `signal` ends an exchange early. */
  async post(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<HttpReply> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = this.#request(
      new URL(path, this.#platform),
      {
        method: 'POST',
        agent: this.#agent,
        headers: { ...headers, 'content-length': body.length },
        ...(signal ? { signal } : {}),
      },
      resolve,
    );
    request.on('error', reject);
    request.setTimeout(this.#timeoutMs, () => request.destroy(new Error(`no answer within ${this.#timeoutMs / 1000} s`)));
    request.end(body);
    const reply = await promise;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxReplyBytes) {
        request.destroy();
        throw new Error(`the reply is larger than ${maxReplyBytes} bytes`);
      }
      chunks.push(chunk);
    }
    return { status: reply.statusCode ?? 0, headers: joinedHeaders(reply), body: Buffer.concat(chunks, length) };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function joinedHeaders(reply: IncomingMessage): Record<string, string> {
  const entries = Object.entries(reply.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')] as const);
  return Object.fromEntries(entries);
}
