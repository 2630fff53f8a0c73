import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { agentPaths, contentDigest, heldHeader, limits, parseSignatureInput } from '@vedette/protocol';
import { refuse } from './refuse.ts';
import type { HeldRequest, RequestStore } from './request-store.ts';
import { isStandIn, type Upstream } from './upstream.ts';

export interface AgentForwarderOptions {
  readonly upstream: Upstream;
  readonly store: RequestStore;
  readonly log: (event: string, facts?: object) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly random?: () => number;
}

/** What the platform needs of a request, and an agent of a reply; the rest is the business of each connection. */
const requestHeaders = ['content-type', 'content-encoding', 'content-digest', 'signature-input', 'signature', 'via', heldHeader];
const replyHeaders = [
  'content-type',
  'content-encoding',
  'content-length',
  'content-digest',
  'signature-input',
  'signature',
  'vedette-request-nonce',
  'vedette-relay',
  'cache-control',
  'retry-after',
];
const paths = new Set<string>(Object.values(agentPaths));
/** Requests that mean the same whenever they arrive: the platform puts documents in order by their sequence, and takes none twice. */
const holdable = new Set<string>([agentPaths.sync]);
/** Bodies of all agents that are in memory at one moment. */
const maxBodies = 256 * 1024 * 1024;
/** The platform holds a request for orders for up to 50 s. */
const ordersTimeoutMs = 75_000;
const timeoutMs = 30_000;
const leastPauseMs = 1000;
const mostPauseMs = 60_000;

/**
 * Passes requests of agents on to the platform and its replies back, unchanged: both are signed end to end, and neither side has to trust a
 * relay. Where the platform cannot be reached, what can wait is put on disk and delivered later; the agent hears 503 all the same, since
 * only the platform's own signature ends its duty to keep what it has to say.
 */
export class AgentForwarder implements AsyncDisposable {
  readonly #options: AgentForwarderOptions;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #stop = new AbortController();
  #bodies = 0;
  #delivering: Promise<void> | null = null;
  #pauseMs = leastPauseMs;
  #pause: NodeJS.Timeout | null = null;
  #delivered = 0;
  #dropped = 0;

  constructor(options: AgentForwarderOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? Math.random;
  }

  get state() {
    return { ...this.#options.store.state, delivered: this.#delivered, dropped: this.#dropped };
  }

  isFor(path: string): boolean {
    return paths.has(path);
  }

  /** Begins to deliver what an earlier process has left. */
  start(): void {
    this.#deliverSoon(0);
  }

  async forward(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const declared = Number(request.headers['content-length'] ?? Number.NaN);
    if (!(declared >= 0 && declared <= limits.agentBodyBytes))
      return refuse(response, 413, { code: 'TOO_LARGE', detail: 'The body is too large.' });
    if (this.#bodies + declared > maxBodies)
      return refuse(response, 503, { code: 'BUSY', detail: 'Too many agents send at once.', retryAfterSeconds: this.#later(5) });
    this.#bodies += declared;
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      await this.#pass(path, { headers: request.headers, body: Buffer.concat(chunks) }, response);
    } finally {
      this.#bodies -= declared;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    if (this.#pause) clearTimeout(this.#pause);
    await this.#delivering;
  }

  async #pass(
    path: string,
    { headers, body }: { readonly headers: IncomingHttpHeaders; readonly body: Buffer },
    response: ServerResponse,
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const passed = only(headers, requestHeaders);
    let reply: IncomingMessage;
    try {
      reply = await this.#options.upstream.ask({
        method: 'POST',
        path,
        headers: passed,
        body,
        timeoutMs: path === agentPaths.orders ? ordersTimeoutMs : timeoutMs,
        signal: gone.signal,
      });
    } catch {
      if (!gone.signal.aborted) this.#answerAlone(path, { headers: passed, body }, response);
      return;
    }
    if (isStandIn(reply)) {
      reply.resume();
      // A relay further on has it already.
      if (reply.headers['vedette-held'] === '1') return this.#sayUnreachable(response, true);
      return this.#answerAlone(path, { headers: passed, body }, response);
    }
    const agentId = parseSignatureInput(passed['signature-input'] ?? '')?.keyid;
    const isTaken = reply.statusCode === 200 && reply.headers['signature'] !== undefined && path !== agentPaths.enroll;
    if (isTaken && agentId !== undefined) this.#options.store.remember(agentId, this.#now());
    this.#deliverSoon(0);
    response.writeHead(reply.statusCode ?? 502, only(reply.headers, replyHeaders));
    await pipeline(reply, response);
  }

  #answerAlone(
    path: string,
    { headers, body }: { readonly headers: Record<string, string>; readonly body: Buffer },
    response: ServerResponse,
  ): void {
    const held = holdable.has(path) ? this.#asHeld(path, headers, body) : null;
    const isHeld = held !== null && this.#options.store.hold(held);
    this.#deliverSoon(this.#pauseMs);
    this.#sayUnreachable(response, isHeld);
  }

  #sayUnreachable(response: ServerResponse, isHeld: boolean): void {
    const detail = isHeld
      ? 'The platform cannot be reached. This relay keeps the request and will deliver it; only the platform can acknowledge it.'
      : 'The platform cannot be reached.';
    response.setHeader('vedette-relay', 'unreachable');
    if (isHeld) response.setHeader(heldHeader, '1');
    refuse(response, 503, { code: 'RELAY_WITHOUT_PLATFORM', detail, retryAfterSeconds: this.#later(30) });
  }

  /** Null for what the platform would not take. Whose key signed it, only the platform can tell. */
  #asHeld(path: string, headers: Record<string, string>, body: Buffer): HeldRequest | null {
    const parameters = parseSignatureInput(headers['signature-input'] ?? '');
    const digest = contentDigest(createHash('sha256').update(body).digest('base64'));
    if (!parameters || headers['content-digest'] !== digest) return null;
    const { via: _, ...signed } = headers;
    return { path, agentId: parameters.keyid, digest, headers: signed, body, receivedAt: this.#now() };
  }

  #deliverSoon(waitMs: number): void {
    if (this.#delivering || this.#stop.signal.aborted || this.#options.store.next() === null) return;
    if (this.#pause) {
      if (waitMs > 0) return;
      clearTimeout(this.#pause);
    }
    this.#pause = setTimeout(() => {
      this.#pause = null;
      this.#delivering = this.#deliver().finally(() => {
        this.#delivering = null;
        this.#deliverSoon(this.#pauseMs);
      });
    }, waitMs);
  }

  /** One after the other, so that a platform that has just come back is not flooded. Ends at the first that it does not answer. */
  async #deliver(): Promise<void> {
    const { store, log } = this.#options;
    for (let held = store.next(); held && !this.#stop.signal.aborted; held = store.next()) {
      const status = await this.#deliverOne(held);
      if (status === null || status === 503 || status === 429) {
        this.#pauseMs = Math.min(mostPauseMs, this.#pauseMs * 2);
        return;
      }
      this.#pauseMs = leastPauseMs;
      store.remove(held);
      if (status === 200) this.#delivered += 1;
      else this.#dropped += 1;
      // Refused: the agent still has it and hears of it itself.
      log(status === 200 ? 'delivered' : 'refused', { agent: held.agentId, path: held.path, status });
    }
  }

  /** Null when it is not known to have arrived. */
  async #deliverOne({ path, headers, body }: HeldRequest): Promise<number | null> {
    try {
      const reply = await this.#options.upstream.ask({
        method: 'POST',
        path,
        headers: { ...headers, [heldHeader]: '1' },
        body,
        timeoutMs,
        signal: this.#stop.signal,
      });
      reply.resume();
      return isStandIn(reply) ? null : (reply.statusCode ?? null);
    } catch {
      return null;
    }
  }

  /** Different for everybody, or all come back together. */
  #later(seconds: number): number {
    return Math.ceil(seconds * (1 + this.#random()));
  }
}

function only(headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
