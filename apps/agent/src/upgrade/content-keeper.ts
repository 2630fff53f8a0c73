import { readManifest, type ReadManifest } from '@vedette/collectors';
import type { DesiredRelease, UpgradeReport } from '@vedette/protocol';
import { describeError } from '../errors.ts';
import { Backoff } from '../schedule/backoff.ts';
import { type OwnContentKind, readContent, removeContent } from './content-file.ts';
import type { FetchOutcome } from './fetch-release.ts';
import type { Installation } from './installation.ts';
import type { UpgradeReason } from './upgrade-error.ts';

export interface ContentKeeperParts {
  readonly installation: Pick<Installation, 'disk' | 'directory'>;
  /** Runs another process to fetch `KIND/VERSION`; see fetchRelease. */
  readonly fetch: (wanted: string, region: string | null) => Promise<FetchOutcome>;
  readonly tell: (text: string) => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
  readonly random: () => number;
}

interface Problem {
  readonly version: string;
  readonly reason: UpgradeReason;
  readonly detail: string;
}

const kind: OwnContentKind = 'manifests';
/** As with versions of the agent: 1 to 75 minutes. */
const pauseFactor = 15;

/**
 * Content of releases: which manifest the platform wants on this agent, fetched and verified as code is, in use while it is wanted. Without
 * one, the manifest that the platform itself has signed is in use.
 */
export class ContentKeeper {
  readonly #parts: ContentKeeperParts;
  readonly #backoff: Backoff;
  #version: string | null = null;
  #manifest: ReadManifest | null = null;
  #problem: Problem | null = null;
  #notBefore = 0;

  constructor(parts: ContentKeeperParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.random);
    this.#load();
  }

  /** Of a release; null: that of the platform counts. */
  get manifest(): ReadManifest | null {
    return this.#manifest;
  }

  report(): Pick<UpgradeReport, 'content' | 'contentProblems'> {
    return {
      content: this.#version === null ? {} : { [kind]: this.#version },
      ...(this.#problem ? { contentProblems: { [kind]: this.#problem } } : {}),
    };
  }

  /** Fetches what the platform wants, unless it failed not long ago; null when there is nothing to fetch. Never throws or rejects. */
  pursue({ content, region }: DesiredRelease): Promise<void> | null {
    const version = content?.[kind] ?? null;
    if (version === this.#version) {
      this.#problem = null;
      return null;
    }
    if (version === null) {
      this.#drop();
      return null;
    }
    const isTooEarly = this.#problem?.version === version && this.#parts.elapsed() < this.#notBefore;
    return isTooEarly ? null : this.#fetch(version, region ?? null);
  }

  async #fetch(version: string, region: string | null): Promise<void> {
    const { elapsed, fetch, tell } = this.#parts;
    try {
      const { status, reason, detail, retryAfterSeconds, notes } = await fetch(`${kind}/${version}`, region);
      for (const note of notes) tell(note);
      if (status === 'staged') this.#load();
      if (this.#version !== version) throw new ContentProblem(reason ?? 'internal', detail, retryAfterSeconds);
      this.#problem = null;
      this.#backoff.succeeded();
      tell(`${kind} ${version} taken, ${this.#manifest?.probes.length ?? 0} probes`);
    } catch (error) {
      const { reason, retryAfterSeconds } = error instanceof ContentProblem ? error : new ContentProblem('internal', '', 0);
      const problem = { version, reason, detail: describeError(error) };
      if (problem.detail !== this.#problem?.detail) tell(`${kind} ${version} not taken: ${problem.detail}`);
      this.#problem = problem;
      this.#notBefore = elapsed() + this.#backoff.failed(retryAfterSeconds) * (retryAfterSeconds > 0 ? 1 : pauseFactor);
    }
  }

  #drop(): void {
    const { disk, directory } = this.#parts.installation;
    try {
      removeContent(disk, directory, kind);
    } catch {
      // It is not used any more; the next start tries again.
    }
    this.#parts.tell(`${kind} ${this.#version ?? ''} not wanted any more`);
    [this.#version, this.#manifest, this.#problem] = [null, null, null];
  }

  #load(): void {
    const { disk, directory } = this.#parts.installation;
    const kept = readContent(disk, directory, kind);
    try {
      this.#manifest = kept && readManifest(kept.text);
      this.#version = kept?.version ?? null;
    } catch {
      // Another version of this agent understood it; this one takes it as missing.
      [this.#version, this.#manifest] = [null, null];
    }
  }
}

class ContentProblem extends Error {
  readonly reason: UpgradeReason;
  readonly retryAfterSeconds: number;

  constructor(reason: UpgradeReason, message: string, retryAfterSeconds: number) {
    super(message);
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
