import {
  type ContentKind,
  contentKinds,
  type DesiredRelease,
  type ProfileUpgrades,
  type ReleaseRule,
  type Ring,
  type RolloutSubject,
  type UpgradeReport,
} from '@vedette/protocol';
import { compareReleaseVersions } from './compare-release-versions.ts';
import { nextWindow } from './maintenance-window.ts';
import { ringOf } from './ring-of.ts';

/** A roll-out as far as it decides. */
export interface OpenRollout {
  readonly subject: RolloutSubject;
  readonly version: string;
  readonly isPaused: boolean;
  readonly rings: readonly Ring[];
  readonly ring: number;
}

/** What an organization wants. */
export interface ReleaseWishes {
  readonly open: ReadonlyMap<RolloutSubject, OpenRollout>;
  /** What the fleet has: the version of the last roll-out that was completed. */
  readonly settled: ReadonlyMap<RolloutSubject, string>;
  /** Versions that were rolled back, with what is wanted instead. */
  readonly withdrawn: ReadonlyMap<RolloutSubject, ReadonlyMap<string, string | null>>;
  readonly rules: readonly ReleaseRule[];
}

export interface DecisionInput {
  readonly wishes: ReleaseWishes;
  readonly assetId: string;
  readonly pin: string | null;
  readonly tags: readonly string[];
  /** What profiles say of upgrades, the strongest first; what a rule says counts for more. */
  readonly profiles: readonly ProfileUpgrades[];
  readonly report: UpgradeReport;
  /** The version that this agent ran before the one it runs. */
  readonly previous: string | null;
  /** Whether signed metadata names a version for this agent's platform. */
  readonly isPublished: (subject: RolloutSubject, version: string) => boolean;
  readonly now: Date;
}

/** Which release an agent shall have, and when it may switch. A version that nobody signed is never named. */
export function decideRelease(input: DecisionInput): DesiredRelease {
  const { report, now, isPublished } = input;
  const rule = ruleFor(input);
  const code = codeFor(input, rule.preventUpgrade === true);
  const isKnown = code.version !== undefined && isPublished('agent', code.version);
  const isChange = isKnown && code.version !== report.agent;
  const window = isChange && rule.windows && rule.windows.length > 0 ? nextWindow(rule.windows, now) : null;
  const content = contentFor(input);
  return {
    ...(isKnown ? { agent: code.version } : {}),
    ...(code.held ? { held: code.held } : {}),
    ...(window ? { window: { from: window.from.toISOString(), until: window.until.toISOString() } } : {}),
    ...(Object.keys(content).length > 0 ? { content } : {}),
    ...(rule.region ? { region: rule.region } : {}),
  };
}

/** The rules that hold for an asset with these tags, the strongest first, each with its place in the list, from 1. */
export function rulesFor(rules: readonly ReleaseRule[], tags: readonly string[]): { number: number; rule: ReleaseRule }[] {
  return rules.flatMap((rule, at) =>
    rule.tags.length === 0 || rule.tags.some((tag) => tags.includes(tag)) ? [{ number: at + 1, rule }] : [],
  );
}

/** Merges rules and profiles that hold for an asset, the first that says something of a subject first. */
function ruleFor({ wishes, tags, profiles }: DecisionInput): ReleaseRule {
  const holding = [...rulesFor(wishes.rules, tags).map(({ rule }) => rule), ...profiles];
  return Object.assign({ tags: [] }, ...holding.toReversed()) as ReleaseRule; // a merge of rules is one
}

function codeFor(input: DecisionInput, isPrevented: boolean): { version?: string; held?: NonNullable<DesiredRelease['held']> } {
  if (input.pin !== null) return { version: input.pin, held: 'pinned' };
  if (isPrevented) return { held: 'prevented' };
  return subjectFor(input, 'agent', input.report.agent);
}

function contentFor(input: DecisionInput): Partial<Record<ContentKind, string>> {
  const wanted = contentKinds.flatMap((kind) => {
    const { version } = subjectFor(input, kind, input.report.content[kind]);
    return version !== undefined && input.isPublished(kind, version) ? [[kind, version] as const] : [];
  });
  return Object.fromEntries(wanted);
}

function subjectFor(
  input: DecisionInput,
  subject: RolloutSubject,
  running: string | undefined,
): { version?: string; held?: NonNullable<DesiredRelease['held']> } {
  const { wishes, assetId, tags, report } = input;
  const open = wishes.open.get(subject);
  const ring = open ? ringOf(open.rings, assetId, tags) : null;
  const isIn = open !== undefined && ring !== null && ring <= open.ring;
  if (open && isIn) {
    const hasBegun =
      running === open.version || (subject === 'agent' && report.target === open.version && report.state === 'probation');
    // Who has it already is not sent back by a pause.
    if (!open.isPaused || hasBegun) return { version: open.version };
  }
  const held = open && (isIn ? 'paused' : 'ring');
  const version = settledFor(input, subject, running);
  return { ...(version === undefined ? {} : { version }), ...(held ? { held } : {}) };
}

/** Without a roll-out that concerns this agent. Nobody is sent back to an older version but from one that was withdrawn. */
function settledFor(
  { wishes, previous }: DecisionInput,
  subject: RolloutSubject,
  running: string | undefined,
): string | undefined {
  const settled = wishes.settled.get(subject);
  const withdrawn = wishes.withdrawn.get(subject);
  if (running !== undefined && withdrawn?.has(running)) {
    return settled ?? withdrawn.get(running) ?? (subject === 'agent' ? (previous ?? undefined) : undefined);
  }
  if (settled === undefined || running === undefined) return settled;
  return compareReleaseVersions(settled, running) >= 0 ? settled : running;
}
