import type { UpgradeReason } from './upgrade-error.ts';

/** `base`: what the machine's package manager installed. The others are in the state directory. */
export type SlotName = 'base' | 'a' | 'b';
export type OwnSlot = Exclude<SlotName, 'base'>;

/** What is in a slot. */
export interface SlotContent {
  readonly version: string;
  /** SHA-256 of the code bundle, hexadecimal. */
  readonly code: string;
  /** SHA-256 of the runtime, hexadecimal. */
  readonly runtime: string;
}

export const outcomes = ['committed', 'rolled-back', 'failed'] as const;
/** `failed`: it was never started; the version may be tried again. */
export type UpgradeOutcome = (typeof outcomes)[number];

/** For programs and for people. */
export interface Why {
  readonly code: UpgradeReason;
  readonly text: string;
}

/** How an attempt to upgrade ended. */
export interface UpgradeRecord {
  readonly attempt: string;
  readonly from: string;
  readonly to: string;
  readonly outcome: UpgradeOutcome;
  /** Null when all is well. */
  readonly why: Why | null;
  /** RFC 3339, UTC. */
  readonly at: string;
}

/** A version that is not to be started again. */
export interface RefusedRelease extends SlotContent {
  readonly why: Why;
  /**
   * It never got through to the platform, which may have been away: whether that was its fault shows when the version before it gets
   * through, or does not.
   */
  readonly isSuspect?: boolean;
}

export interface UpgradeState {
  /** First line of the package's `release` file when this was written; another one means that another package was installed since. */
  readonly base: string;
  readonly committed: SlotName;
  /** The attempt that brought it; `none` for the package. */
  readonly committedAs: string;
  /** The version in the other slot is on probation. */
  readonly trial: { readonly slot: OwnSlot; readonly attempt: string } | null;
  readonly slots: Readonly<Partial<Record<OwnSlot, SlotContent>>>;
  /** Newest first. */
  readonly refused: readonly RefusedRelease[];
  /** How the last attempt ended. */
  readonly last: UpgradeRecord | null;
  /** The platform does not know of it yet. */
  readonly isUnreported: boolean;
}

const magic = 'vedette-upgrade 1';
const maxRefused = 16;
export const maxStateBytes = 64 * 1024;

/** Nothing but the package. */
export function emptyState(base: string): UpgradeState {
  return { base, committed: 'base', committedAs: 'none', trial: null, slots: {}, refused: [], last: null, isUnreported: false };
}

/**
 * The first four lines are for the launcher, which is a shell script and reads words: which package this belongs to, which slot is
 * committed, and which one is on trial under which attempt. The fifth is for the agent.
 */
export function formatState({ base, committed, committedAs, trial, slots, refused, last, isUnreported }: UpgradeState): string {
  const rest = JSON.stringify({ slots, refused: refused.slice(0, maxRefused), last, isUnreported });
  const onTrial = trial ? `${trial.slot} ${trial.attempt}` : 'none none';
  return `${magic}\nbase ${base}\ncommitted ${committed} ${committedAs}\ntrial ${onTrial}\n${rest}\n`;
}

/** Null for what no agent has written: then the package's version is the one to run. */
export function parseState(text: string): UpgradeState | null {
  const [first, base = '', committed = '', trial = '', json = ''] = text.split('\n');
  const [, baseName] = /^base (.+)$/.exec(base) ?? [];
  const [, committedSlot, committedAs = ''] = /^committed (base|a|b) ([a-z0-9]{1,32})$/.exec(committed) ?? [];
  const [, trialSlot, attempt] = /^trial (none|a|b) ([a-z0-9]{1,32})$/.exec(trial) ?? [];
  if (first !== magic || [baseName, committedSlot, trialSlot].includes(undefined)) return null;
  try {
    // Our own file, written as a whole; the lines above have shown that it is one.
    const rest = JSON.parse(json) as Pick<UpgradeState, 'slots' | 'refused' | 'last' | 'isUnreported'>;
    return {
      ...rest,
      base: baseName ?? '',
      committed: committedSlot as SlotName, // one of these by its pattern
      committedAs,
      trial: trialSlot === 'none' ? null : { slot: trialSlot as OwnSlot, attempt: attempt ?? '' }, // likewise
    };
  } catch {
    return null;
  }
}
