import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { hash, type KeyObject } from 'node:crypto';
import { parseSignatureInput } from '@vedette/protocol';
import { AgentError, describeError } from '../errors.ts';
import { HttpExchange, type ExchangeOptions, type HttpReply } from './http-exchange.ts';
import { subjectsOf, type JournalEntry } from '../state/journal.ts';
import { parseProblem } from './replies.ts';
import { signRequest, type Signer } from './sign-request.ts';
import { verifyReply } from './verify-reply.ts';

const maxDocumentBytes = 8 * 1024 * 1024;
/** Level 9 costs 1 ms for a package inventory; 19 saves 4 % more and costs 20 ms. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 9 } };

export function compressJson(value: unknown): Buffer {
  return zstdCompressSync(JSON.stringify(value), compression);
}

export interface PlatformClientOptions extends ExchangeOptions {
  readonly signer: Signer;
  /** The pinned key. A function takes it from the reply itself: only for enrollment, which trusts on first use. */
  readonly platformKey: KeyObject | ((body: unknown) => KeyObject);
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Hears of every request that was sent, for the journal. */
  readonly onSent?: (entry: JournalEntry) => void;
  /** Another way to the platform than the network. */
  readonly exchange?: Pick<HttpExchange, 'post'> & Disposable;
}

/**
 * Signed requests to the platform, and only replies that it signed. Everything else – no connection, a proxy's error page, a
 * captive portal, a reply that somebody changed – is AgentError NETWORK. A signed refusal is REFUSED, another signed problem PLATFORM.
 */
export class PlatformClient implements Disposable {
  readonly #options: PlatformClientOptions;
  readonly #exchange: Pick<HttpExchange, 'post'> & Disposable;
  /** How far the platform's clock is ahead of ours, learnt from its signed replies: a wrong clock shall not lock an agent out. */
  #clockOffsetSeconds = 0;
  #sentBytes = 0;

  constructor(options: PlatformClientOptions) {
    this.#options = options;
    this.#exchange = options.exchange ?? new HttpExchange(options);
  }

  /** Milliseconds since 1970 by the platform's clock, as far as its replies have shown it. */
  get platformNow(): number {
    return this.#options.now() + this.#clockOffsetSeconds * 1000;
  }

  /** Bodies sent so far, compressed, in bytes. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** The decoded body of a successful reply, still unchecked. Throws AgentError. */
  async post(path: string, message: unknown, signal?: AbortSignal): Promise<unknown> {
    const body = compressJson(message);
    const subjects = subjectsOf(message);
    const first = await this.#attempt(path, body, subjects, signal);
    // The offset is known now, from this very reply; one more attempt is enough or nothing helps.
    const reply = first.code === 'SIGNATURE_EXPIRED' ? await this.#attempt(path, body, subjects, signal) : first;
    if (reply.status >= 200 && reply.status < 300) return reply.body;
    const isRefusal = reply.status === 401 || reply.status === 403;
    throw new AgentError(isRefusal ? 'REFUSED' : 'PLATFORM', `${reply.code || reply.status}: ${reply.detail}`, {
      retryAfterSeconds: reply.retryAfterSeconds,
      problem: reply.code,
    });
  }

  async #attempt(path: string, body: Buffer, subjects: readonly string[], signal: AbortSignal | undefined) {
    const ownSeconds = Math.floor(this.#options.now() / 1000);
    const { headers, nonce } = signRequest(path, body, this.#options.signer, ownSeconds + this.#clockOffsetSeconds);
    const sent = {
      at: new Date(this.#options.now()).toISOString(),
      path,
      subjects,
      bytes: body.length,
      digest: hash('sha256', body),
    };
    const reply = await this.#send(path, headers, body, signal).catch((error: unknown) => {
      this.#options.onSent?.({ ...sent, status: null, receipt: null });
      throw error;
    });
    this.#sentBytes += body.length;
    const decoded = decodeBody(reply);
    const retryAfterSeconds = retryAfter(reply);
    const problem = parseProblem(decoded);
    const signature = decoded === undefined ? null : this.#verified(reply, decoded, nonce);
    const receipt = signature ? (reply.headers['signature'] ?? null) : null;
    this.#options.onSent?.({ ...sent, status: reply.status, receipt });
    // A refused enrollment cannot be verified, because no key is known yet. Who forges one gains nothing but the refusal, also by a
    // wrong time.
    const isFirstRefusal = typeof this.#options.platformKey === 'function' && reply.status >= 400 && problem.code !== '';
    const timed = signature ?? (isFirstRefusal ? parseSignatureInput(reply.headers['signature-input'] ?? '') : null);
    if (timed) this.#clockOffsetSeconds = timed.created - ownSeconds;
    if (!signature && !isFirstRefusal)
      throw new AgentError('NETWORK', `an answer (status ${reply.status}) that the platform did not sign`, { retryAfterSeconds });
    return { status: reply.status, body: decoded, retryAfterSeconds, ...problem };
  }

  async #send(path: string, headers: SignedHeaders, body: Buffer, signal: AbortSignal | undefined): Promise<HttpReply> {
    try {
      return await this.#exchange.post(path, headers, body, signal);
    } catch (error) {
      throw new AgentError('NETWORK', `${this.#options.platform.origin} cannot be reached: ${describeError(error)}`, {
        cause: error,
      });
    }
  }

  #verified(reply: HttpReply, decoded: unknown, nonce: string) {
    const { platformKey } = this.#options;
    try {
      return verifyReply(reply, nonce, typeof platformKey === 'function' ? platformKey(decoded) : platformKey);
    } catch {
      return null; // A first reply that carries no usable key.
    }
  }

  [Symbol.dispose](): void {
    this.#exchange[Symbol.dispose]();
  }
}

type SignedHeaders = Readonly<Record<string, string>>;

/** Undefined for what is not JSON or too large. */
function decodeBody(reply: HttpReply): unknown {
  try {
    const encoding = reply.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity' && encoding !== 'zstd') return undefined;
    const bytes = encoding === 'zstd' ? zstdDecompressSync(reply.body, { maxOutputLength: maxDocumentBytes }) : reply.body;
    // Any shape is taken here; replies.ts checks it.
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Retry-After in seconds (RFC 9110 §10.2.3, the delay form) of a 429 or 503, also of a proxy; at most an hour, so that nobody can silence us. */
function retryAfter(reply: HttpReply): number {
  if (reply.status !== 429 && reply.status !== 503) return 0;
  const value = reply.headers['retry-after'] ?? '';
  return /^\d{1,6}$/.test(value) ? Math.min(Number(value), 3600) : 0;
}
