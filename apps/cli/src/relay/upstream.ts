import { Agent as PlainAgent, type IncomingMessage, request as requestPlain } from 'node:http';
import { Agent as SecureAgent, request as requestSecure } from 'node:https';

export interface UpstreamOptions {
  readonly platform: URL;
  /** PEM of the only certificate authorities to trust; the well-known ones when absent. */
  readonly ca?: string | undefined;
  /** Shows the platform that many stand behind this relay; empty for none. */
  readonly edgeToken: string;
  /** This relay in the Via header of what it sends. */
  readonly name: string;
}

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Silence after which it is given up, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What a connection to the platform fails with; also what its stand-ins say of it. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
}

const connections = { keepAlive: true, maxSockets: 2048, maxFreeSockets: 64, scheduling: 'lifo' } as const;

/** The one host that a relay ever connects to: the platform, or the next relay on the way to it. */
export class Upstream implements Disposable {
  readonly #options: UpstreamOptions;
  readonly #agent: PlainAgent | SecureAgent;
  #answeredAt: Date | null = null;
  #problem: string | null = null;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    const isSecure = options.platform.protocol === 'https:';
    const trust = options.ca === undefined ? {} : { ca: options.ca };
    this.#agent = isSecure ? new SecureAgent({ ...connections, minVersion: 'TLSv1.2', ...trust }) : new PlainAgent(connections);
  }

  get platform(): string {
    return this.#options.platform.origin;
  }

  /** `problem`: null while it answers. */
  get state(): { readonly answeredAt: string | null; readonly problem: string | null } {
    return { answeredAt: this.#answeredAt?.toISOString() ?? null, problem: this.#problem };
  }

  /** Resolves with the head of the answer. Throws UpstreamError. */
  async ask({ method, path, headers, body, timeoutMs, signal }: UpstreamRequest): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = this.#agent instanceof SecureAgent ? requestSecure : requestPlain;
    const sent = send(
      new URL(path, this.#options.platform),
      {
        method,
        agent: this.#agent,
        headers: { ...headers, ...this.#ownHeaders(headers), ...(body ? { 'content-length': String(body.length) } : {}) },
        ...(signal ? { signal } : {}),
      },
      resolve,
    );
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    sent.on('error', reject);
    sent.end(body);
    try {
      const answer = await promise;
      this.#note(isStandIn(answer) ? `status ${answer.statusCode}` : null);
      return answer;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (signal?.aborted !== true) this.#note(message);
      throw new UpstreamError(`${this.platform}: ${message}`, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #ownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
    const { edgeToken, name } = this.#options;
    // RFC 9110 §7.6.3
    const via = headers['via'] ? `${headers['via']}, 1.1 ${name}` : `1.1 ${name}`;
    return { via, ...(edgeToken === '' ? {} : { 'vedette-edge-token': edgeToken }) };
  }

  #note(problem: string | null): void {
    this.#problem = problem;
    if (problem === null) this.#answeredAt = new Date();
  }
}

/** Whether something before the platform answered because the platform did not; the platform itself signs what it says to agents. */
export function isStandIn({ statusCode = 0, headers }: Pick<IncomingMessage, 'statusCode' | 'headers'>): boolean {
  return statusCode === 502 || statusCode === 504 || (statusCode === 503 && headers['vedette-relay'] === 'unreachable');
}
