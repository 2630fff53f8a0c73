import { hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type Disk, replaceFile } from './disk.ts';
import {
  emptyState,
  formatState,
  maxStateBytes,
  parseState,
  type OwnSlot,
  type RefusedRelease,
  type SlotContent,
  type SlotName,
  type UpgradeOutcome,
  type UpgradeState,
  type Why,
} from './upgrade-state.ts';

/** What the package brought: the first line of its `release` file and what it says. */
export interface BaseRelease extends SlotContent {
  readonly line: string;
}

/** From which slot the launcher has started this process, and under which attempt. */
export interface Running {
  readonly slot: SlotName;
  readonly attempt: string;
}

/** Files that were downloaded and verified; they are moved away from where they are. */
export interface VerifiedFiles {
  readonly code: string;
  /** Null for the runtime that is in use. */
  readonly runtime: string | null;
}

export interface SlotsParts {
  readonly disk: Disk;
  /** `upgrade` in the state directory. */
  readonly directory: string;
  readonly base: BaseRelease;
  /** RFC 3339, UTC. */
  readonly now: () => string;
}

interface Ended {
  readonly content: SlotContent;
  readonly outcome: UpgradeOutcome;
  readonly why: Why | null;
  readonly attempt?: string;
}

/** As in the launcher. */
const tries = 3;
const maxCodeBytes = 16 * 1024 * 1024;
const maxRuntimeBytes = 512 * 1024 * 1024;

/**
 * The versions on this machine: the package's, and two slots of which one may be committed and the other on trial. Every change of which
 * is which is one write of the file `state`; what that refers to lasts before, and what it does not refer to is removed after.
 */
export class Slots {
  readonly #parts: SlotsParts;

  constructor(parts: SlotsParts) {
    this.#parts = parts;
  }

  /** As it is on disk; empty where there is nothing that can be read, or it belongs to another package. */
  get state(): UpgradeState {
    const { base } = this.#parts;
    const found = this.#onDisk();
    if (found === 'damaged' || found === null) return emptyState(base.line);
    return found.base === base.line ? found : { ...emptyState(base.line), refused: found.refused };
  }

  contentOf(slot: SlotName, state = this.state): SlotContent {
    const { base } = this.#parts;
    return slot === 'base' ? base : (state.slots[slot] ?? base);
  }

  /** What `run` does first, once it is the only one on the state directory: what ended since is recorded, what is left over removed. */
  settle(running: Running): UpgradeState {
    const found = this.#onDisk();
    const next = this.#settled(found, running);
    if (next !== found) this.#save(next);
    this.#tidy(next);
    return next;
  }

  /** Puts verified files into the slot that is free. Nothing starts from there yet. Throws when they are not what they should be. */
  stage(content: SlotContent, files: VerifiedFiles): OwnSlot {
    const { disk } = this.#parts;
    const { committed, trial } = this.state;
    if (trial) throw new Error('an upgrade is on trial already');
    const slot: OwnSlot = committed === 'a' ? 'b' : 'a';
    const folder = this.#folder(slot);
    disk.remove(folder);
    disk.makeDirectory(folder);
    const { directory } = this.#parts;
    for (const above of [join(directory, 'slots'), directory, dirname(directory)]) disk.syncDirectory(above);
    const own = committed === 'base' ? null : join(this.#folder(committed), 'node');
    if (files.runtime !== null) disk.rename(files.runtime, join(folder, 'node'));
    else if (own !== null && disk.size(own) !== null) disk.link(own, join(folder, 'node'));
    disk.rename(files.code, join(folder, 'agent.mjs'));
    for (const name of disk.list(folder)) disk.syncFile(join(folder, name));
    // A move lasts when both directories do.
    for (const path of [folder, dirname(files.code), dirname(files.runtime ?? files.code)]) disk.syncDirectory(path);
    this.#verify(slot, content, files.runtime !== null);
    return slot;
  }

  /** From the next start on, the staged version is on trial under this attempt: lower-case letters and digits. */
  beginTrial(slot: OwnSlot, content: SlotContent, attempt: string): void {
    const { state } = this;
    replaceFile(this.#parts.disk, this.#starts(attempt), '');
    this.#save({ ...state, trial: { slot, attempt }, slots: { ...state.slots, [slot]: content } });
  }

  /** The version on trial stays. */
  commit(): void {
    const { state } = this;
    const { trial } = state;
    if (!trial) return;
    const next: UpgradeState = { ...state, committed: trial.slot, committedAs: trial.attempt, trial: null };
    const content = this.contentOf(trial.slot, state);
    this.#save({
      ...next,
      ...this.#ended(state, { content, outcome: 'committed', why: null }),
      slots: { [trial.slot]: content },
    });
    this.noteSoundStart(trial.attempt);
    this.#tidy(this.state);
  }

  /** The version on trial is not started again; the one before it is, from the next start on. */
  rollBack(why: Why, { isSuspect = false } = {}): void {
    const { state } = this;
    if (state.trial) this.#save(this.#rolledBack(state, why, isSuspect));
  }

  /** An attempt ended before anything was started. */
  noteFailure(version: string, attempt: string, why: Why): void {
    const { state } = this;
    const from = this.contentOf(state.committed, state).version;
    const last = { attempt, from, to: version, outcome: 'failed', why, at: this.#parts.now() } as const;
    this.#save({ ...state, last, isUnreported: true });
  }

  /** Somebody wants this version to be tried again. */
  forgive(version: string): void {
    const { state } = this;
    const refused = state.refused.filter((one) => one.version !== version);
    if (refused.length < state.refused.length) this.#save({ ...state, refused });
  }

  /** This version stays up: its starts are counted from zero again. A count that comes back with the power only shortens patience. */
  noteSoundStart(attempt: string): void {
    const { disk } = this.#parts;
    if ((disk.size(this.#starts(attempt)) ?? 0) > 0) disk.write(this.#starts(attempt), Buffer.of());
  }

  /** The platform knows how this attempt ended. */
  noteReported(attempt: string): void {
    const { state } = this;
    if (state.isUnreported && state.last?.attempt === attempt) this.#save({ ...state, isUnreported: false });
  }

  /** The version before has got through to the platform, so what never did is refused; or it has not, so that may be tried again. */
  judgeSuspects(isPlatformReached: boolean): void {
    const { state } = this;
    if (!state.refused.some(({ isSuspect }) => isSuspect)) return;
    const refused = state.refused.flatMap(({ isSuspect = false, ...one }) => (isSuspect && !isPlatformReached ? [] : [one]));
    this.#save({ ...state, refused });
  }

  /** Null when it may be started here; otherwise why not. */
  refusalOf({ code, runtime }: Pick<SlotContent, 'code' | 'runtime'>): RefusedRelease | null {
    return this.state.refused.find((one) => one.code === code && one.runtime === runtime) ?? null;
  }

  #settled(found: UpgradeState | null | 'damaged', running: Running): UpgradeState {
    const { base, now } = this.#parts;
    if (found === null) return emptyState(base.line);
    if (found === 'damaged') {
      const why = { code: 'internal', text: 'the record of upgrades was damaged; the package is in use' } as const;
      const last = { attempt: 'none', from: base.version, to: base.version, outcome: 'failed', why, at: now() } as const;
      return { ...emptyState(base.line), last, isUnreported: true };
    }
    if (found.base !== base.line) {
      const why = { code: 'internal', text: 'another package was installed meanwhile' } as const;
      const ended = found.trial
        ? this.#ended(found, { content: this.contentOf(found.trial.slot, found), outcome: 'failed', why })
        : {};
      const { refused, last, isUnreported } = { ...found, ...ended };
      return { ...emptyState(base.line), refused, last, isUnreported };
    }
    // Whoever runs while another version is on trial has been started because that one has no tries left.
    const isOver = found.trial !== null && (running.slot !== found.trial.slot || running.attempt !== found.trial.attempt);
    const settled = isOver ? this.#rolledBack(found, this.#whyOver(found), false) : found;
    // The same for a committed version that does not come up any more.
    if (running.slot !== 'base' || settled.committed === 'base') return settled;
    const why = { code: 'crash', text: 'it did not stay up any more' } as const;
    const content = this.contentOf(settled.committed, settled);
    const attempt = settled.committedAs;
    const ended = this.#ended({ ...settled, committed: 'base' }, { content, outcome: 'rolled-back', why, attempt });
    return { ...settled, committed: 'base', committedAs: 'none', slots: {}, ...ended, refused: refuse(settled, content, why) };
  }

  #whyOver({ trial }: UpgradeState): Why {
    const starts = trial ? (this.#parts.disk.read(this.#starts(trial.attempt), 4096)?.toString('latin1') ?? '') : '';
    if (starts.includes('h')) return { code: 'unhealthy', text: 'it hung and was ended' };
    if (starts.length < tries) return { code: 'crash', text: 'it could not be started' };
    return { code: 'tries', text: `it did not become healthy in ${tries} starts` };
  }

  #rolledBack(state: UpgradeState, why: Why, isSuspect: boolean): UpgradeState {
    const { trial } = state;
    if (!trial) return state;
    const content = this.contentOf(trial.slot, state);
    const kept = state.committed === 'base' ? {} : { [state.committed]: this.contentOf(state.committed, state) };
    const ended = this.#ended(state, { content, outcome: 'rolled-back', why });
    return { ...state, trial: null, slots: kept, ...ended, refused: refuse(state, content, why, isSuspect) };
  }

  #ended(
    state: UpgradeState,
    { content, outcome, why, attempt = state.trial?.attempt ?? 'none' }: Ended,
  ): Pick<UpgradeState, 'last' | 'isUnreported'> {
    const from = this.contentOf(state.committed, state).version;
    return { last: { attempt, from, to: content.version, outcome, why, at: this.#parts.now() }, isUnreported: true };
  }

  #verify(slot: OwnSlot, { code, runtime }: SlotContent, withRuntime: boolean): void {
    const read = (name: string, maxBytes: number): string =>
      hash('sha256', this.#parts.disk.read(join(this.#folder(slot), name), maxBytes) ?? Buffer.of());
    if (read('agent.mjs', maxCodeBytes) !== code) throw new Error('the staged code is not what was verified');
    if (withRuntime && read('node', maxRuntimeBytes) !== runtime) throw new Error('the staged runtime is not what was verified');
  }

  /** Removes what no start will ever need. */
  #tidy({ committed, committedAs, trial }: UpgradeState): void {
    const { disk, directory } = this.#parts;
    const attempts = [committedAs, trial?.attempt].map((attempt) => `starts.${attempt}`);
    for (const name of disk.list(directory)) {
      const isLeftOver = (name.startsWith('starts.') && !attempts.includes(name)) || name.endsWith('.tmp');
      if (isLeftOver) disk.remove(join(directory, name));
    }
    for (const name of disk.list(join(directory, 'slots')))
      if (name !== committed && name !== trial?.slot) disk.remove(join(directory, 'slots', name));
  }

  #onDisk(): UpgradeState | null | 'damaged' {
    try {
      const found = this.#parts.disk.read(join(this.#parts.directory, 'state'), maxStateBytes);
      return found && (parseState(found.toString('utf8')) ?? 'damaged');
    } catch {
      return 'damaged';
    }
  }

  #save(state: UpgradeState): void {
    const { disk, directory } = this.#parts;
    disk.makeDirectory(directory);
    replaceFile(disk, join(directory, 'state'), formatState(state));
  }

  #folder(slot: OwnSlot): string {
    return join(this.#parts.directory, 'slots', slot);
  }

  #starts(attempt: string): string {
    return join(this.#parts.directory, `starts.${attempt}`);
  }
}

function refuse(state: UpgradeState, content: SlotContent, why: Why, isSuspect = false): RefusedRelease[] {
  const { version, code, runtime } = content;
  return [{ version, code, runtime, why, ...(isSuspect ? { isSuspect } : {}) }, ...state.refused];
}
