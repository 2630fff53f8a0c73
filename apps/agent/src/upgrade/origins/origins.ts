import { setTimeout as delay } from 'node:timers/promises';
import { ticketHeader } from '@vedette/protocol';
import { metadataFolder, targetsFolder } from '@vedette/release';
import { describeError } from '../../errors.ts';
import { type PartialFile, WrongBytes } from '../partial-file.ts';
import { checkLength, checkRange, drain, statusError } from './check-reply.ts';
import type { Download, DownloadRequest } from './download.ts';
import { asOriginError, OriginError } from './origin-error.ts';

/** Somewhere bytes come from: an edge or mirror of the signed list, or the platform, which is always there and always last. */
export interface Origin {
  /** Ends in a slash. */
  readonly base: URL;
  readonly isPlatform: boolean;
}

/** How an origin has done, for `status`. */
export interface OriginStanding {
  readonly origin: string;
  readonly isPlatform: boolean;
  /** Milliseconds until `/stub_status` answered; null when it did not, or was not asked. */
  readonly answeredInMs: number | null;
  readonly bytes: number;
  /** Why it was last left; null when it was not. */
  readonly failure: string | null;
}

export interface OriginsParts {
  /** As signed, best first; without the platform. */
  readonly edges: readonly URL[];
  readonly platform: URL;
  readonly get: (url: URL, request?: DownloadRequest) => Promise<Download>;
  /** The edge that last gave everything, from an earlier time. */
  readonly lastGood: string | null;
  readonly signal: AbortSignal;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly onEvent?: (event: 'bytes' | 'left', origin: string, detail: string) => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed?: () => number;
}

interface Standing {
  readonly origin: Origin;
  answeredInMs: number | null;
  bytes: number;
  failure: string | null;
  /** Gave wrong bytes, or stopped too often: not asked again by this process. */
  isBanned: boolean;
  /** How often it stopped in the middle. */
  stops: number;
  /** How often it did not answer in time since it last did. */
  silences: number;
}

const probeMs = 2500;
/** How often edges that failed are asked whether they are back while the platform has to help out. */
const lookAgainMs = 10_000;
/** The platform gives large files in pieces, between which edges may take over again. */
const platformPieceBytes = 4 * 1024 * 1024;
/** Time in which another edge may be asked once bytes have stopped to come; after it, it is the platform. */
const edgesMs = 5000;
/** By then the platform is asked, however silent edges are: within ten seconds its bytes come. */
const troubleMs = 8500;
const leastAnswerMs = 500;
const mostRedirects = 3;
const mostStops = 3;
/** What the platform may ask to wait within one run; for longer the run ends and comes back. */
const longestWaitSeconds = 60;
const patientTries = 5;

/** The origins of one run: which to ask next, what each has given, and how a file goes on from another where one has stopped. */
export class Origins {
  readonly #parts: OriginsParts;
  readonly #elapsed: () => number;
  readonly #edges: readonly Standing[];
  readonly #platform: Standing;
  #probedAt = -Infinity;
  /** When somebody was last asked, or the last byte came. */
  #lastSignAt = 0;
  /** The last sign before whatever failed since; null while bytes come. */
  #troubleSince: number | null = null;
  #successor: Origins | null = null;
  /** The platform's promise of a place in its queue. */
  #ticket: string | null = null;

  constructor(parts: OriginsParts) {
    this.#parts = parts;
    this.#elapsed = parts.elapsed ?? (() => performance.now());
    const standing = (base: URL, isPlatform: boolean): Standing => ({
      origin: { base, isPlatform },
      answeredInMs: null,
      bytes: 0,
      failure: null,
      isBanned: false,
      stops: 0,
      silences: 0,
    });
    this.#edges = parts.edges.map((base) => standing(base, false));
    this.#platform = standing(parts.platform, true);
  }

  /** The same run with other edges. */
  withEdges(edges: readonly URL[]): Origins {
    const other = new Origins({ ...this.#parts, edges });
    this.#successor = other;
    return other;
  }

  standings(): OriginStanding[] {
    if (this.#successor) return this.#successor.standings();
    return [...this.#edges, this.#platform].map(({ origin, answeredInMs, bytes, failure }) => ({
      origin: origin.base.href,
      isPlatform: origin.isPlatform,
      answeredInMs,
      bytes,
      failure,
    }));
  }

  /** The edge that gave bytes and was never left; null when there was none. */
  get best(): string | null {
    if (this.#successor) return this.#successor.best;
    return this.#edges.find(({ bytes, failure }) => bytes > 0 && failure === null)?.origin.base.href ?? null;
  }

  /** Asks every edge at once whether it is there; the slow and the silent come last, or not at all. */
  async probe(): Promise<void> {
    this.#probedAt = this.#elapsed();
    await Promise.all(
      this.#edges.map(async (edge) => {
        const began = this.#elapsed();
        const problem = await this.#whyAway(edge);
        edge.answeredInMs = problem === null ? this.#elapsed() - began : null;
        if (problem !== null) this.#leave(edge, `/stub_status: ${problem}`);
        else edge.silences = 0;
        if (problem === null && !edge.isBanned) edge.failure = null;
      }),
    );
    if (this.#edges.length > 0 && this.#edges.every(({ failure }) => failure !== null)) this.#troubleSince ??= this.#probedAt;
  }

  /** Always there, asked last. */
  get platform(): Origin {
    return this.#platform.origin;
  }

  /**
   * In the order to ask them: edges that answer, the last good one first, then as signed; then those that kept silent once, since a good
   * edge can be slow when everything is; at last the platform. Nothing but the platform when bytes have been missing for long.
   */
  order(): Origin[] {
    if (this.#troubleForMs > edgesMs) return [this.#platform.origin];
    const usable = this.#edges.filter((edge) => edge.failure === null && !edge.isBanned);
    const isLastGood = ({ origin }: Standing): number => (origin.base.href === this.#parts.lastGood ? 0 : 1);
    const ranked = usable.toSorted((a, b) => isLastGood(a) - isLastGood(b) || slowness(a) - slowness(b));
    const slow = this.#edges.filter((edge) => edge.silences === 1 && !edge.isBanned && !usable.includes(edge));
    return [...ranked, ...slow, this.#platform].map(({ origin }) => origin);
  }

  get #troubleForMs(): number {
    return this.#troubleSince === null ? 0 : this.#elapsed() - this.#troubleSince;
  }

  /** Metadata of one origin, as `release` wants it. */
  metadataOf(origin: Origin): (path: string, maxBytes: number) => Promise<Uint8Array | null> {
    return async (path, maxBytes) => {
      const reply = await this.#patiently(origin, () => this.#get(origin, `${metadataFolder}${path}`));
      if (reply.status === 404 || reply.status === 403) {
        await drain(reply);
        return null;
      }
      if (reply.status !== 200) throw statusError(reply);
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of reply.chunks) {
        length += chunk.length;
        if (length > maxBytes) throw new OriginError('length', `${path} is longer than ${maxBytes} bytes`);
        chunks.push(chunk);
      }
      this.#gave(this.#standing(origin), length);
      return Buffer.concat(chunks, length);
    };
  }

  /** Remembers that an origin's metadata could not be used. */
  leave(origin: Origin, why: string, { isWrong = false } = {}): void {
    const standing = this.#standing(origin);
    standing.isBanned ||= isWrong;
    if (!origin.isPlatform) this.#troubleSince ??= this.#lastSignAt;
    this.#leave(standing, why);
  }

  /**
   * Fetches a target, from where it already is, from one origin after the other until it is whole and right. Throws OriginError when
   * the platform fails too; `hash` when what came was wrong from there as well.
   */
  async fetchTarget(path: string, file: PartialFile): Promise<void> {
    if (isWhole(file)) return;
    // Who gave what is there; what an earlier run has left came from whomever.
    const given = new Set<Standing | 'earlier'>(file.bytes > 0 ? ['earlier'] : []);
    for (;;) {
      const [first = this.#platform.origin] = this.order();
      const standing = this.#standing(first);
      try {
        // All of it may have come before whoever gave it failed.
        if (file.finish()) return;
        given.add(standing);
        await this.#patiently(first, () => this.#take(standing, path, file));
        if (file.finish()) return;
        if (!first.isPlatform) throw new OriginError('length', `only ${file.bytes} of ${file.expectedBytes} bytes came`);
      } catch (error) {
        this.#parts.signal.throwIfAborted();
        this.#settleFailure(error, standing, given);
      }
      if (first.isPlatform && this.#elapsed() - this.#probedAt > lookAgainMs) await this.probe();
    }
  }

  /** Who has to do with it, and whether another origin can help: throws where the platform itself has failed. */
  #settleFailure(error: unknown, standing: Standing, given: Set<Standing | 'earlier'>): void {
    const { isPlatform } = standing.origin;
    const isWrong = error instanceof WrongBytes;
    const isOthersFault = isWrong && [...given].some((one) => one === 'earlier' || !one.origin.isPlatform);
    if (isWrong) this.#blame(error, given);
    if (isPlatform && !isOthersFault) throw isWrong ? new OriginError('hash', error.message) : error;
    if (isPlatform) return;
    this.#troubleSince ??= this.#lastSignAt;
    this.#leave(standing, asText(error));
    standing.stops += 1;
    standing.isBanned ||= standing.stops >= mostStops;
  }

  /** Whoever gave part of what turned out wrong is not asked again, but for the platform; the file begins anew. */
  #blame(error: WrongBytes, given: Set<Standing | 'earlier'>): void {
    for (const one of given)
      if (one !== 'earlier' && !one.origin.isPlatform) this.leave(one.origin, error.message, { isWrong: true });
    given.clear();
  }

  async #take(standing: Standing, path: string, file: PartialFile): Promise<void> {
    const { origin } = standing;
    const from = file.bytes;
    const until = origin.isPlatform ? `${from + platformPieceBytes - 1}` : '';
    const reply = await this.#get(origin, `${targetsFolder}${path}`, { range: `bytes=${from}-${until}` });
    if (reply.status === 416 || (reply.status !== 206 && reply.status !== 200)) throw statusError(reply);
    if (reply.status === 206) checkRange(reply, from, file.expectedBytes);
    else checkLength(reply, file.expectedBytes);
    if (reply.status === 200 && from > 0) file.restart();
    for await (const chunk of reply.chunks) {
      this.#parts.signal.throwIfAborted();
      if (chunk.length === 0) continue;
      file.append(chunk);
      this.#gave(standing, chunk.length);
      this.#parts.onEvent?.('bytes', origin.base.href, String(chunk.length));
    }
    if (file.bytes === from && from < file.expectedBytes) throw new OriginError('length', 'nothing came');
  }

  /** The platform may say when; an edge that does is left. */
  async #patiently<Result>(origin: Origin, act: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await act();
      } catch (error) {
        if (error instanceof WrongBytes) throw error;
        const { code, retryAfterSeconds, ticket } = asOriginError(error);
        const isWorthIt = origin.isPlatform && code === 'busy' && tries < patientTries && retryAfterSeconds <= longestWaitSeconds;
        if (!isWorthIt) throw error;
        this.#ticket = ticket;
        // Up to a quarter more, so that those who were told the same do not come back together.
        const waitMs = 1000 * Math.max(1, retryAfterSeconds) * (1 + this.#parts.random() / 4);
        await delay(waitMs, undefined, { signal: this.#parts.signal });
      }
    }
  }

  async #get(origin: Origin, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Download> {
    const { base, isPlatform } = origin;
    let url = new URL(path.split('/').map(encodeURIComponent).join('/'), base);
    for (let redirects = 0; ; redirects += 1) {
      const ticket: Record<string, string> = isPlatform && this.#ticket !== null ? { [ticketHeader]: this.#ticket } : {};
      const reply = await this.#ask(this.#standing(origin), url, { ...headers, ...ticket });
      if (reply.status < 300 || reply.status >= 400 || reply.status === 304) return reply;
      await drain(reply);
      const to = URL.parse(reply.headers.location ?? '', url);
      const isListed = to !== null && [...this.#edges, this.#platform].some((one) => isBelow(to, one.origin.base));
      if (!isListed) throw new OriginError('redirect', `it sends on to ${to?.origin ?? 'nowhere'}, which is not in the list`);
      if (redirects >= mostRedirects) throw new OriginError('redirect', 'it sends on and on');
      url = to;
    }
  }

  /** With less patience while bytes are missing, for edges. */
  async #ask(standing: Standing, url: URL, headers: Readonly<Record<string, string>>): Promise<Download> {
    const { signal } = this.#parts;
    this.#lastSignAt = this.#elapsed();
    const leftMs = Math.max(leastAnswerMs, troubleMs - this.#troubleForMs);
    try {
      const limit = standing.origin.isPlatform || this.#troubleSince === null ? {} : { answerMs: leftMs };
      return await this.#parts.get(url, { headers, signal, ...limit });
    } catch (error) {
      this.#troubleSince ??= this.#lastSignAt;
      if (asOriginError(error).code === 'silent') standing.silences += 1;
      throw error;
    }
  }

  #gave(standing: Standing, bytes: number): void {
    standing.bytes += bytes;
    standing.silences = 0;
    this.#lastSignAt = this.#elapsed();
    this.#troubleSince = null;
    // They have had their second chance, or would have had it too late.
    if (standing.origin.isPlatform) for (const edge of this.#edges) edge.silences *= 2;
  }

  /** Null when it is there. */
  async #whyAway(edge: Standing): Promise<string | null> {
    try {
      const url = new URL('/stub_status', edge.origin.base);
      const reply = await this.#parts.get(url, { answerMs: probeMs, signal: this.#parts.signal });
      await drain(reply);
      return reply.status === 200 ? null : `status ${reply.status}`;
    } catch (error) {
      this.#parts.signal.throwIfAborted();
      if (asOriginError(error).code === 'silent') edge.silences += 1;
      return asText(error);
    }
  }

  #leave(standing: Standing, why: string): void {
    standing.failure = why;
    this.#parts.onEvent?.('left', standing.origin.base.href, why);
  }

  #standing(origin: Origin): Standing {
    return this.#edges.find((edge) => edge.origin === origin) ?? this.#platform;
  }
}

/** Whether an earlier run has left all of it; what it has left wrong is gone then. */
function isWhole(file: PartialFile): boolean {
  try {
    return file.finish();
  } catch {
    return false;
  }
}

/** Differences of less than this many milliseconds do not outweigh the signed order. */
const sameMs = 100;

function slowness({ answeredInMs }: Standing): number {
  return Math.floor((answeredInMs ?? 0) / sameMs);
}

function isBelow(url: URL, base: URL): boolean {
  return url.origin === base.origin && url.pathname.startsWith(base.pathname);
}

function asText(error: unknown): string {
  return describeError(error instanceof WrongBytes ? error : asOriginError(error)).trim();
}
