import { postureMarks, type Requirement, unassessedMarks } from '@vedette/protocol';

/**
 * Whether a value that a probe read is what a check requires; null where nothing can be said: it could not be read, or what it is about is
 * not there (unless it has to be).
 */
export function meetsRequirement(requirement: Requirement, value: string): boolean | null {
  if (unassessedMarks.includes(value) || value === postureMarks.notApplicable) return null;
  if (value === postureMarks.absent) return requirement.present ? false : null;
  const effective = value === postureMarks.notSet ? requirement.unset : value;
  if (effective === undefined) return false;
  if (requirement.known && !isOneOf(requirement.known, effective)) return null;
  return (
    textHolds(requirement, effective) &&
    numberHolds(requirement, effective) &&
    (!asksForFile(requirement) || fileHolds(requirement, effective))
  );
}

function textHolds({ oneOf, unlike, without }: Requirement, value: string): boolean {
  if (oneOf && !isOneOf(oneOf, value)) return false;
  if (unlike && isOneOf(unlike, value)) return false;
  return !without || !membersOf(value).some((member) => isOneOf(without, member));
}

function numberHolds({ atLeast, atMost }: Requirement, value: string): boolean {
  if (atLeast === undefined && atMost === undefined) return true;
  if (!/^-?[0-9]{1,15}$/.test(value)) return false;
  return Number(value) >= (atLeast ?? -Infinity) && Number(value) <= (atMost ?? Infinity);
}

function asksForFile({ modeWithin, sharedModeHas, owners, groups }: Requirement): boolean {
  return [modeWithin, sharedModeHas, owners, groups].some((part) => part !== undefined);
}

/** A value as the probe `file` writes it. */
function fileHolds({ modeWithin, sharedModeHas, owners, groups }: Requirement, value: string): boolean {
  const parts = /^[a-z]+ ([0-7]{4}) ([^ :]+):([^ :]+)$/.exec(value);
  if (!parts) return false;
  const [, mode = '', owner = '', group = ''] = parts;
  const bits = Number.parseInt(mode, 8);
  if (modeWithin !== undefined && (bits & ~Number.parseInt(modeWithin, 8)) !== 0) return false;
  // Where nobody but the owner may write, nobody else can replace anything.
  const isShared = (bits & 0o022) !== 0;
  const needed = isShared ? Number.parseInt(sharedModeHas ?? '0', 8) : 0;
  if ((bits & needed) !== needed) return false;
  return (!owners || owners.includes(owner)) && (!groups || groups.includes(group));
}

/** sshd and others write lists with commas, openssl.cnf also with colons. */
function membersOf(value: string): string[] {
  return value.split(/[\s,:]+/).filter((member) => member !== '');
}

function isOneOf(patterns: readonly string[], value: string): boolean {
  const text = value.toLowerCase();
  return patterns.some((pattern) => matches(pattern.toLowerCase(), text));
}

/** `*` stands for any characters. The parts between are looked for from left to right, so that no pattern takes long. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return text === pattern;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

/** In words that go on after "it has to be". */
export function requirementText(requirement: Requirement): string {
  const { oneOf, unlike, without, atLeast, atMost, modeWithin, sharedModeHas, owners, groups } = requirement;
  const parts = [
    oneOf && listed(oneOf, 'or'),
    unlike && `not ${listed(unlike, 'or')}`,
    without && `without ${listed(without, 'and')}`,
    atLeast !== undefined && `${atLeast} or more`,
    atMost !== undefined && `${atMost} or less`,
    modeWithin && `of mode ${modeWithin} or stricter`,
    sharedModeHas && `of a mode with ${sharedModeHas} where others may write`,
    owners && `owned by ${listed(owners, 'or')}`,
    groups && `of group ${listed(groups, 'or')}`,
  ].filter((part) => typeof part === 'string');
  return parts.length === 0 ? 'there' : parts.join(', ');
}

const shownMembers = 8;

function listed(texts: readonly string[], word: 'and' | 'or'): string {
  const shown = texts.slice(0, shownMembers);
  const more = texts.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  const last = shown.at(-1) ?? '';
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} ${word} ${last}`;
}
