import { pid } from 'node:process';
import { agentPaths, type CheckIn, type CheckInReply, numberSettings, type SignedManifest } from '@vedette/protocol';
import type { WatchWay } from '@vedette/host';
import { runCollector, type Collector, type Host, type Watch } from '@vedette/collectors';
import { agentVersion } from '../config.ts';
import { AgentError, describeError } from '../errors.ts';
import type { Governor } from '../governor/governor.ts';
import type { Log } from '../log.ts';
import type { AgentStatus } from '../state/status-file.ts';
import type { SyncEngine } from '../sync/sync-engine.ts';
import { parseCheckInReply } from '../transport/replies.ts';
import type { Upgrader } from '../upgrade/upgrader.ts';
import { Backoff } from './backoff.ts';
import { DueCollectors } from './due-collectors.ts';
import { observationOf } from './observation-of.ts';
import { Pace } from './pace.ts';
import type { Waker } from './waker.ts';
import { countWays, pathsByWay } from './watching.ts';

export interface AgentLoopParts {
  readonly host: Host;
  /** Whether another program holds this file locked. */
  readonly isLocked: (path: string) => boolean;
  readonly engine: SyncEngine;
  readonly post: (path: string, message: unknown, signal: AbortSignal) => Promise<unknown>;
  readonly consumption: () => CheckIn['consumption'];
  /** How each change comes to be known. */
  readonly watching: () => ReadonlyMap<Watch, WatchWay>;
  readonly trimMemory: () => void;
  readonly writeStatus: (status: AgentStatus) => void;
  readonly governor: Pick<Governor, 'settings' | 'fullScanSeconds' | 'breathe' | 'isQuiet' | 'isMemoryTight'>;
  /** What the platform asks for beyond the collectors; `take` is true when another set of collectors is to run from now on. */
  readonly manifest: {
    readonly report: () => NonNullable<CheckIn['manifest']>;
    readonly settle: (manifest: SignedManifest | undefined) => boolean;
    readonly collectors: () => readonly Collector[];
  };
  /** What the control group holds it to, for people. */
  readonly limitedBy: () => string;
  /** What the platform has set; `take` is true when that is news. */
  readonly profile: {
    readonly report: () => NonNullable<CheckIn['settings']>;
    readonly take: (reply: CheckInReply) => boolean;
  };
  /** Null for an agent that cannot upgrade itself. */
  readonly upgrader?: Pick<Upgrader, 'report' | 'take'> | null;
  readonly log: Log;
  /** Milliseconds since 1970, for what others read. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets, for when things are due. */
  readonly elapsed: () => number;
  readonly waker: Pick<Waker, 'wake' | 'sleep'>;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Also between a full scan and sending it, and after sending: each step then starts from a small process, which keeps the peak low. */
const trimEveryMs = 5 * 60_000;
const tightTrimEveryMs = 30_000;
/** Until it says that other settings are in force: a fleet that took them together shall not say so together. */
const confirmSeconds = 2;
/**
 * Check-ins because the platform has news: so many at once, to fetch it and to say that it was taken, while somebody tries settings out; in
 * the long run, whatever the platform wants, as if somebody had set the least interval there is.
 */
const checkInPace = { burst: 6, everyMs: numberSettings.checkInSeconds.min * 1000 };
/** Full scans that somebody waits for, beside load: in the long run, whoever orders them, as many as somebody may set. */
const orderedScanPace = { burst: 3, everyMs: numberSettings.fullScanSeconds.min * 1000 };
/** How often it looks whether it may collect again. */
const quietCheckMs = 30_000;

/** The agent's one loop: run what is due, send what changed, check in, sleep until the next of these. */
export class AgentLoop {
  readonly #parts: AgentLoopParts;
  readonly #due: DueCollectors;
  readonly #backoff: Backoff;
  readonly #checkInPace = new Pace(checkInPace);
  readonly #orderedScanPace = new Pace(orderedScanPace);
  // Moments of the `elapsed` clock.
  #checkInAt = 0;
  #fullScanAt = 0;
  #trimAt = 0;
  #tightTrimAt = 0;
  /** No request before. */
  #notBefore = 0;
  #isReadingChange = false;
  /** Since when (ISO 8601) a full scan goes on; null when none does. */
  #scanningSince: string | null = null;
  #isAskedToCheckIn = false;
  /** Somebody waits for the full scan that goes on or comes next. */
  #isScanOrdered = false;
  #status: AgentStatus;

  constructor(parts: AgentLoopParts) {
    this.#parts = parts;
    this.#due = new DueCollectors(parts.manifest.collectors(), parts.isLocked);
    this.#backoff = new Backoff(parts.random);
    const since = new Date(parts.now()).toISOString();
    this.#status = {
      processId: pid,
      since,
      fullScanAt: null,
      checkInAt: null,
      problem: null,
      firstSync: null,
      watching: pathsByWay(parts.watching()),
      limitedBy: parts.limitedBy(),
      ...this.#report(),
    };
  }

  changed(watch: Watch): void {
    this.#due.changed(watch, this.#parts.elapsed());
    this.#parts.waker.wake();
  }

  /** A change is to be read, nothing is known of this host yet, or somebody waits for a scan: that comes before any check. */
  get isUrgent(): boolean {
    const isAwaited = this.#isReadingChange || this.#isScanOrdered;
    return isAwaited || this.#status.firstSync === null || this.#due.hasChange(this.#parts.elapsed());
  }

  /** Changes were lost: everything is read again. */
  missedChanges(): void {
    this.#parts.log('warn', 'events-lost');
    this.#due.requireAll(this.#parts.elapsed());
    this.#parts.waker.wake();
  }

  /** And checks in when all is read. */
  scanNow(): void {
    const now = this.#parts.elapsed();
    if (!this.#isScanOrdered && this.#orderedScanPace.soonest(now) <= now) {
      this.#orderedScanPace.made(now);
      this.#isScanOrdered = true;
    }
    this.#fullScanAt = 0;
    this.#checkInAtOnce();
  }

  /** Also in the middle of a full scan, which may take minutes on a busy host: somebody waits for it. */
  checkInNow(): void {
    this.#isAskedToCheckIn = true;
    this.#checkInAtOnce();
  }

  /** The platform has news; see checkInPace for how often it may say so. */
  checkInSoon(): void {
    this.#checkInAt = Math.min(this.#checkInAt, this.#checkInPace.soonest(this.#parts.elapsed()));
    this.#parts.waker.wake();
  }

  /** Runs until the signal; then returns at once, because nothing is lost by stopping anywhere. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', this.#parts.waker.wake, { once: true });
    while (!signal.aborted) {
      await this.#collect(signal);
      this.#trim();
      if (!signal.aborted && this.#parts.elapsed() >= this.#notBefore) await this.#talk(signal);
      if (signal.aborted) return;
      this.#trim();
      await this.#parts.waker.sleep(this.#nextAt() - this.#parts.elapsed());
    }
  }

  #checkInAtOnce(): void {
    this.#checkInAt = 0;
    this.#notBefore = 0;
    this.#parts.waker.wake();
  }

  async #collect(signal: AbortSignal): Promise<void> {
    if (this.#isQuiet()) return;
    const now = this.#parts.elapsed();
    if (now >= this.#fullScanAt) {
      this.#due.requireAll(now);
      this.#fullScanAt = now + this.#jittered(this.#parts.governor.fullScanSeconds);
      this.#trimAt = 0;
      this.#scanningSince = new Date(this.#parts.now()).toISOString();
    }
    for (let hasReadChange = false; ;) {
      const next = this.#due.next(this.#parts.elapsed());
      // What has changed is sent before a check goes on, which may take its time.
      if (next === null) return this.#scanned();
      if (hasReadChange && !next.isChange) return;
      if (this.#isAskedToCheckIn && this.#status.firstSync !== null) return;
      await this.#parts.governor.breathe();
      if (signal.aborted) return;
      // Meanwhile a change may have come first.
      const due = this.#due.take(this.#parts.elapsed());
      if (due === null) return;
      const { collector, isChange } = due;
      hasReadChange = isChange;
      this.#isReadingChange = isChange;
      const run = await runCollector(collector, this.#parts.host);
      this.#isReadingChange = false;
      this.#parts.engine.observe(observationOf(collector, run, this.#parts.now()));
      const level = run.status === 'failed' ? 'warn' : 'info';
      this.#parts.log(level, 'collected', { collector: collector.fact.name, status: run.status, rows: run.rows.length });
    }
  }

  #scanned(): void {
    if (this.#scanningSince === null) return;
    this.#status = { ...this.#status, fullScanAt: this.#scanningSince };
    this.#scanningSince = null;
    // One that was ordered meanwhile has yet to begin.
    this.#isScanOrdered &&= this.#fullScanAt === 0;
    // Whoever asked for it waits to hear so.
    this.#checkInAt = 0;
  }

  async #talk(signal: AbortSignal): Promise<void> {
    try {
      const { engine } = this.#parts;
      const hasNews = engine.hasPending && !this.#isQuiet();
      if (hasNews) await this.#sync();
      if (hasNews) this.#trimAt = 0;
      // The platform answered, but did not take everything: try again later, like after a failure.
      if (hasNews && engine.hasPending) this.#postpone(0);
      else this.#backoff.succeeded();
      const isCheckInDue = this.#parts.elapsed() >= this.#checkInAt;
      if (isCheckInDue) await this.#checkIn(signal);
      if (isCheckInDue) this.#trimAt = 0;
      if (hasNews || isCheckInDue) this.#note(null);
    } catch (error) {
      if (signal.aborted) return;
      const problem = describeError(error);
      const waitMs = this.#postpone(error instanceof AgentError ? error.retryAfterSeconds : 0);
      this.#parts.log('warn', 'platform-unavailable', { problem, retryInSeconds: Math.round(waitMs / 1000) });
      this.#note(problem);
    }
  }

  async #sync(): Promise<void> {
    const documents = await this.#parts.engine.sync();
    for (const { collector, kind, sequence, rows, removed, bytes, outcome } of documents) {
      const level = outcome === 'accepted' || outcome === 'duplicate' ? 'info' : 'warn';
      this.#parts.log(level, 'sent', { collector, kind, sequence, rows, removed, bytes, outcome });
    }
    const { sentBytes } = this.#parts.consumption();
    this.#status = { ...this.#status, firstSync: this.#status.firstSync ?? { documents, sentBytes } };
  }

  async #checkIn(signal: AbortSignal): Promise<void> {
    const sentAt = new Date(this.#parts.now()).toISOString();
    this.#isAskedToCheckIn = false;
    const { upgrader, manifest, profile } = this.#parts;
    const watching = countWays(this.#parts.watching());
    const asked = { manifest: manifest.report(), settings: profile.report() };
    const message: CheckIn = { agentVersion, sentAt, ...this.#report(), watching, ...asked };
    const reply = parseCheckInReply(await this.#postCheckIn(message, signal));
    const hasNewSettings = profile.take(reply);
    const now = this.#parts.elapsed();
    this.#checkInPace.made(now);
    const { governor } = this.#parts;
    this.#fullScanAt = Math.min(this.#fullScanAt, now + this.#jittered(governor.fullScanSeconds));
    const { checkInSeconds } = governor.settings;
    this.#checkInAt = now + this.#jittered(checkInSeconds);
    // Whoever set them wants to see soon that they are in force.
    if (hasNewSettings) this.#checkInAt = Math.max(now + this.#jittered(confirmSeconds), this.#checkInPace.soonest(now));
    upgrader?.take(reply.release);
    if (manifest.settle(reply.manifest)) this.#due.use(manifest.collectors(), now);
    for (const name of reply.resend) if (!this.#parts.engine.requestSnapshot(name)) this.#due.require(name, now);
    this.#status = { ...this.#status, checkInAt: sentAt };
  }

  /** How an upgrade goes must not keep the rest from being heard: a platform that does not take it is told without. */
  async #postCheckIn(message: CheckIn, signal: AbortSignal): Promise<unknown> {
    const { post, upgrader, log } = this.#parts;
    if (!upgrader) return post(agentPaths.checkIn, message, signal);
    try {
      return await post(agentPaths.checkIn, { ...message, upgrade: upgrader.report() }, signal);
    } catch (error) {
      if (!(error instanceof AgentError) || error.problem !== 'MALFORMED') throw error;
      log('error', 'upgrade-report-refused', { problem: describeError(error) });
      return post(agentPaths.checkIn, message, signal);
    }
  }

  /** Milliseconds. A tenth on both sides keeps a fleet that started together from staying together. */
  #jittered(seconds: number): number {
    return seconds * (900 + 200 * this.#parts.random());
  }

  #isQuiet(): boolean {
    return this.#parts.governor.isQuiet(new Date(this.#parts.now()));
  }

  #report(): Pick<CheckIn, 'collectors' | 'consumption'> {
    return { collectors: this.#parts.engine.states(), consumption: this.#parts.consumption() };
  }

  #postpone(retryAfterSeconds: number): number {
    const waitMs = this.#backoff.failed(retryAfterSeconds);
    this.#notBefore = this.#parts.elapsed() + waitMs;
    return waitMs;
  }

  #note(problem: string | null): void {
    const watching = pathsByWay(this.#parts.watching());
    const { manifest, limitedBy } = this.#parts;
    const limits = { limitedBy: limitedBy(), manifest: manifest.report() };
    this.#status = { ...this.#status, problem, ...this.#report(), watching, ...limits };
    this.#parts.writeStatus(this.#status);
  }

  #trim(): void {
    const now = this.#parts.elapsed();
    const isTight = now >= this.#tightTrimAt && this.#parts.governor.isMemoryTight;
    if (now < this.#trimAt && !isTight) return;
    this.#tightTrimAt = now + tightTrimEveryMs;
    this.#trimAt = now + trimEveryMs;
    this.#parts.trimMemory();
  }

  #nextAt(): number {
    const checkInAt = Math.max(this.#checkInAt, this.#notBefore);
    if (this.#isQuiet()) return Math.min(checkInAt, this.#trimAt, this.#parts.elapsed() + quietCheckMs);
    const talkAt = this.#parts.engine.hasPending ? this.#notBefore : checkInAt;
    return Math.min(this.#due.nextAt(), this.#fullScanAt, talkAt, this.#trimAt);
  }
}
