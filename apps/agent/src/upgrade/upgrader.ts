import { join } from 'node:path';
import type { ReadManifest } from '@vedette/collectors';
import type { DesiredRelease, UpgradeReport } from '@vedette/protocol';
import { agentVersion } from '../config.ts';
import { describeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { Backoff } from '../schedule/backoff.ts';
import { ContentKeeper } from './content-keeper.ts';
import type { FetchOutcome } from './fetch-release.ts';
import type { Installation } from './installation.ts';
import { type MetadataExpiry, metadataExpiries, noticeOf } from './metadata-expiry.ts';
import { type Health, judgeProbation, type ProbationLimits } from './probation.ts';
import type { UpgradeReason } from './upgrade-error.ts';

export interface UpgraderParts {
  readonly installation: Installation;
  /** Runs another process to fetch a version; see fetchRelease. */
  readonly fetch: (version: string, region: string | null) => Promise<FetchOutcome>;
  /** Ends this process, so that the launcher starts the version that is due. */
  readonly restart: () => void;
  readonly health: () => Omit<Health, 'isAccepted'>;
  readonly limits: () => Omit<ProbationLimits, 'leastSeconds'>;
  /** The owner wants nothing done at this time. */
  readonly isQuiet: () => boolean;
  /** For the journal. */
  readonly note: (text: string) => void;
  readonly log: Log;
  /** Milliseconds since 1970: this machine's, and the platform's. */
  readonly now: () => number;
  readonly platformNow: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
  readonly random: () => number;
  /** Of a trial, where the platform does not say. */
  readonly leastSeconds?: number;
}

type Progress = Pick<UpgradeReport, 'state' | 'since' | 'target' | 'reason' | 'detail' | 'origins'>;

const defaultLeastSeconds = 30;
const beatMs = 10_000;
const wrongClockMs = 3600_000;
const expiryEveryMs = 10 * 60_000;
/** After that a version before a suspect has had its chance to reach the platform. */
const suspectMs = 5 * 60_000;
/** A committed version that is up for so long comes up. */
const soundMs = 60_000;
/** Times the pauses between attempts of talking to the platform: 1 to 75 minutes. */
const pauseFactor = 15;

/** The running agent's part in its own upgrade: has versions fetched, watches over a trial, tells the platform how it goes. */
export class Upgrader implements Disposable {
  readonly #parts: UpgraderParts;
  readonly #startedAt: number;
  readonly #backoff: Backoff;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #content: ContentKeeper;
  #desired: DesiredRelease = {};
  #progress: Progress | null = null;
  #isFetching = false;
  /** The platform has answered a check-in of this process. */
  #isAccepted = false;
  #notBefore = 0;
  #expiries: readonly MetadataExpiry[] = [];
  #expiriesAt = -Infinity;
  readonly #told = new Set<string>();

  /** Once this process is the only one on its state directory. */
  constructor(parts: UpgraderParts) {
    this.#parts = parts;
    this.#startedAt = parts.elapsed();
    this.#backoff = new Backoff(parts.random);
    this.#content = new ContentKeeper({ ...parts, tell: (text) => this.#tell(text) });
    const { slots, running } = parts.installation;
    const before = slots.state.last;
    const { last, trial } = slots.settle(running);
    if (last && last.attempt !== before?.attempt) this.#tell(`${last.to} ${last.outcome}: ${last.why?.text ?? ''}`);
    if (trial) this.#watchTrial();
    else this.#after(soundMs, () => running.slot !== 'base' && slots.noteSoundStart(running.attempt));
    if (slots.state.refused.some(({ isSuspect }) => isSuspect)) this.#after(suspectMs, () => slots.judgeSuspects(false));
  }

  /** What a check-in says of it. */
  report(): UpgradeReport {
    const { installation } = this.#parts;
    const { refused } = installation.slots.state;
    const earliest = this.#readExpiries()[0]?.expiresAt;
    return {
      platform: installation.platform,
      agent: agentVersion,
      runtime: installation.runtimeVersion,
      ...this.#content.report(),
      ...this.#state(),
      refused: refused.map(({ version, why }) => ({ version, reason: why.code })),
      ...(earliest === undefined ? {} : { metadataExpiresAt: earliest }),
    };
  }

  /** The platform has answered a check-in, and taken the report. */
  take(desired: DesiredRelease | undefined): void {
    const { slots } = this.#parts.installation;
    const { last, isUnreported } = slots.state;
    this.#isAccepted = true;
    if (last && isUnreported) slots.noteReported(last.attempt);
    slots.judgeSuspects(true);
    this.#desired = desired ?? {};
    this.#warnOfExpiry();
    if (slots.state.trial) this.judge();
    else this.#pursue();
  }

  /** The manifest of a release that is in use; null: that of the platform counts. */
  get manifest(): ReadManifest | null {
    return this.#content.manifest;
  }

  /** Looks whether the version on trial can stay. */
  judge(): void {
    const { installation, health, limits, restart } = this.#parts;
    const { slots, running } = installation;
    const { trial } = slots.state;
    if (!trial || trial.attempt !== running.attempt) return;
    const { probationSeconds: leastSeconds = this.#parts.leastSeconds ?? defaultLeastSeconds } = this.#desired;
    const verdict = judgeProbation({ ...health(), isAccepted: this.#isAccepted }, { ...limits(), leastSeconds });
    if (verdict.kind === 'wait') return;
    if (verdict.kind === 'healthy') {
      slots.commit();
      this.#tell(`${agentVersion} committed`);
      return;
    }
    slots.rollBack(verdict.why, verdict);
    this.#tell(`${agentVersion} rolled back: ${verdict.why.text}`);
    restart();
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** One thing at a time, code first: fetching takes memory, though not this process'. */
  #pursue(): void {
    if (this.#isFetching) return;
    const version = this.#codeToFetch();
    const fetching = version === null ? this.#content.pursue(this.#desired) : this.#fetch(version);
    if (fetching === null) return;
    this.#isFetching = true;
    void fetching.finally(() => (this.#isFetching = false));
  }

  /** Null when no other version is wanted, or not now. */
  #codeToFetch(): string | null {
    const { agent: version } = this.#desired;
    if (version === undefined || version === agentVersion) {
      this.#progress = null;
      return null;
    }
    const wait = this.#whyWait(version);
    if (wait) this.#note('waiting', version, wait);
    return wait || this.#parts.elapsed() < this.#notBefore ? null : version;
  }

  async #fetch(version: string): Promise<void> {
    const { elapsed, fetch, restart, log } = this.#parts;
    const { region = null } = this.#desired;
    this.#note('downloading', version, null);
    try {
      const { status, reason, detail, retryAfterSeconds, origins, notes, peakRssBytes } = await fetch(version, region);
      for (const note of notes) this.#tell(note);
      const given = origins
        .flatMap(({ origin, bytes }) => (bytes > 0 ? [{ host: new URL(origin).host, bytes }] : []))
        .slice(0, 8);
      log('info', 'fetched', { version, status, peakRssBytes, bytes: given.reduce((sum, { bytes }) => sum + bytes, 0) });
      if (status === 'staged') {
        this.#note('staged', version, null, given);
        this.#tell(`${version} staged`);
        return restart();
      }
      const pauseMs = this.#backoff.failed(retryAfterSeconds) * (retryAfterSeconds > 0 ? 1 : pauseFactor);
      this.#notBefore = elapsed() + pauseMs;
      this.#note('failed', version, { code: this.#isClockWrong(reason) ? 'clock' : (reason ?? 'internal'), text: detail }, given);
      log('warn', 'upgrade-failed', { version, reason: reason ?? '', detail, retryInSeconds: Math.round(pauseMs / 1000) });
    } catch (error) {
      this.#notBefore = elapsed() + this.#backoff.failed() * pauseFactor;
      this.#note('failed', version, { code: 'internal', text: describeError(error) });
    }
  }

  /** What has expired by this machine's clock may not have by the platform's. */
  #isClockWrong(reason: UpgradeReason | null): boolean {
    return reason === 'expired' && Math.abs(this.#parts.platformNow() - this.#parts.now()) > wrongClockMs;
  }

  #whyWait(version: string): { code: UpgradeReason; text: string } | null {
    const { window, retryRefused } = this.#desired;
    const { installation, isQuiet, platformNow } = this.#parts;
    const { slots } = installation;
    if (retryRefused === true) slots.forgive(version);
    const refused = slots.state.refused.find((one) => one.version === version);
    if (refused) return { code: 'refused', text: `${version} is refused here: ${refused.why.text}` };
    if (window && platformNow() < Date.parse(window.from)) return { code: 'window', text: `the window opens at ${window.from}` };
    if (window && platformNow() >= Date.parse(window.until))
      return { code: 'window', text: `the window closed at ${window.until}` };
    return isQuiet() ? { code: 'prevented', text: 'the owner of this machine has suspended work at this time' } : null;
  }

  #watchTrial(): void {
    const { directory, disk } = this.#parts.installation;
    let beats = 0;
    const beat = (): void => {
      try {
        disk.write(join(directory, 'alive'), Buffer.from(`${(beats += 1)}\n`));
      } catch {
        // A disk that takes nothing: the launcher ends us, and the version before takes over.
      }
    };
    beat();
    this.#timers.push(setInterval(() => (beat(), this.judge()), beatMs));
  }

  #state(): Progress {
    const { slots } = this.#parts.installation;
    const { last, trial } = slots.state;
    const since = new Date(this.#parts.now() - (this.#parts.elapsed() - this.#startedAt)).toISOString();
    if (trial) return { state: 'probation', target: agentVersion, since };
    if (this.#progress) return this.#progress;
    if (!last) return { state: 'idle', since };
    const why = last.why ? { reason: last.why.code, detail: describeError(last.why.text) } : {};
    return { state: last.outcome, target: last.to, since: last.at, ...why };
  }

  #note(
    state: Progress['state'],
    target: string,
    why: { code: UpgradeReason; text: string } | null,
    origins?: { host: string; bytes: number }[],
  ): void {
    const reason = why ? { reason: why.code, detail: describeError(why.text) } : {};
    const isSame = this.#progress?.state === state && this.#progress.target === target && this.#progress.detail === why?.text;
    const since = isSame ? this.#progress?.since : undefined;
    this.#progress = {
      state,
      target,
      since: since ?? new Date(this.#parts.now()).toISOString(),
      ...reason,
      ...(origins && origins.length > 0 ? { origins } : {}),
    };
  }

  #readExpiries(): readonly MetadataExpiry[] {
    const { installation, elapsed, now } = this.#parts;
    if (elapsed() - this.#expiriesAt < expiryEveryMs) return this.#expiries;
    this.#expiriesAt = elapsed();
    return (this.#expiries = metadataExpiries(installation.disk, installation.directory, now()));
  }

  /** Each threshold is told once; only upgrades depend on it, so nothing else changes. */
  #warnOfExpiry(): void {
    for (const expiry of this.#readExpiries()) {
      const notice = noticeOf(expiry);
      const key = `${expiry.role} ${notice}`;
      if (notice === null || this.#told.has(key)) continue;
      this.#told.add(key);
      const { role, expiresAt } = expiry;
      this.#tell(`metadata of ${role} ${notice === 'expired' ? 'has expired' : `expires in less than ${notice}`} (${expiresAt})`);
    }
  }

  #tell(text: string): void {
    this.#parts.note(text);
    this.#parts.log('warn', 'upgrade', { what: text });
  }

  #after(milliseconds: number, act: () => unknown): void {
    this.#timers.push(setTimeout(act, milliseconds));
  }
}
