import type { KeyObject } from 'node:crypto';
import type { ReadManifest } from '@vedette/collectors';
import type { CheckIn, SignedManifest } from '@vedette/protocol';
import { describeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { appendJournal } from '../state/journal.ts';
import { loadManifest, manifestDigest, saveManifest, verifyManifest } from './manifest-file.ts';

export interface ManifestKeeperParts {
  readonly stateDirectory: string;
  readonly platformKey: KeyObject;
  /** The manifest of a release, which comes before that of the platform while the platform wants it here. */
  readonly released?: () => ReadManifest | null;
  readonly log: Log;
  readonly now: () => number;
}

/**
 * The manifest in use. A new one is taken only when the platform has signed it, its form is known, and it is newer: an old one, sent again
 * by whoever got hold of it, could stop the agent from reading what is asked for now. What is refused is noted and told to the platform.
 */
export class ManifestKeeper {
  readonly #parts: ManifestKeeperParts;
  /** Of the platform. */
  #current: ReadManifest | null;
  #released: ReadManifest | null;
  #refused: { readonly version: number; readonly problem: string } | null = null;

  constructor(parts: ManifestKeeperParts) {
    this.#parts = parts;
    this.#current = loadManifest(parts.stateDirectory, parts.platformKey);
    this.#released = parts.released?.() ?? null;
  }

  get current(): ReadManifest | null {
    return this.#released ?? this.#current;
  }

  /** After a check-in, whether it brought one or not. True when another manifest is in use from now on. Never throws. */
  settle(signed: SignedManifest | undefined): boolean {
    const before = this.current;
    if (signed) this.take(signed);
    this.#released = this.#parts.released?.() ?? null;
    return this.current !== before;
  }

  /** For the check-in: of the platform's, since a release's is told with the upgrade. */
  report(): NonNullable<CheckIn['manifest']> {
    return { version: this.#current?.version ?? 0, ...(this.#refused ? { refused: this.#refused } : {}) };
  }

  /** True when it is the platform's from now on. Never throws. */
  take(signed: SignedManifest): boolean {
    try {
      const manifest = verifyManifest(signed, this.#parts.platformKey);
      const known = this.#current?.version ?? 0;
      if (manifest.version === known) return false;
      if (manifest.version < known) throw new Error(`it is older than ${known}, which is in use`);
      // First on disk: after a restart it must not be older again.
      saveManifest(this.#parts.stateDirectory, signed);
      this.#current = manifest;
      this.#refused = null;
      this.#note(signed, `manifest ${manifest.version} taken, ${manifest.probes.length} probes`);
      this.#parts.log('info', 'manifest-taken', { version: manifest.version, probes: manifest.probes.length });
      return true;
    } catch (error) {
      this.#refuse(signed, describeError(error));
      return false;
    }
  }

  #refuse(signed: SignedManifest, problem: string): void {
    const version = versionIn(signed);
    if (this.#refused?.version === version && this.#refused.problem === problem) return;
    this.#refused = { version, problem };
    this.#note(signed, `manifest ${version} refused: ${problem}`);
    this.#parts.log('warn', 'manifest-refused', { version, problem });
  }

  #note(signed: SignedManifest, subject: string): void {
    const { stateDirectory, now } = this.#parts;
    const at = new Date(now()).toISOString();
    const size = { bytes: Buffer.byteLength(signed.content), digest: manifestDigest(signed) };
    appendJournal(stateDirectory, {
      at,
      path: 'received',
      subjects: [subject],
      ...size,
      status: null,
      receipt: signed.signature,
    });
  }
}

/** What a manifest that was refused calls itself, for people and for the platform; 0 where it does not say. */
function versionIn({ content }: SignedManifest): number {
  const digits = content.length > 1024 * 1024 ? null : /"version":([0-9]{1,15})[,}]/.exec(content);
  return Number(digits?.[1] ?? 0);
}
