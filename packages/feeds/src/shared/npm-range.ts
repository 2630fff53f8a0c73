import type { Interval } from './safe-versions.ts';

/** No range of a real advisory has more parts. */
const maxParts = 50;

/**
 * The stretches of versions that a range of node-semver stands for (`<1.2.3 || >=2.0.0 <2.1.0`, `1.x`, `~1.2`, `^1.2.3`, `*`): one
 * for each alternative, in their order; those that hold no version are left to the caller. Null for a text that is no range.
 */
export function npmRange(text: string): Interval[] | null {
  if (text.length > 1024) return null;
  const stretches: Interval[] = [];
  for (const alternative of text.split('||')) {
    // An operator may stand apart from its version.
    const parts = alternative
      .trim()
      .replace(/([<>=~^])\s+/g, '$1')
      .split(/\s+/);
    if (parts.length > maxParts) return null;
    let whole: Interval = { from: null, to: null };
    for (const part of parts) {
      const one = comparator(part);
      if (!one) return null;
      whole = { from: one.from ?? whole.from, to: one.to ?? whole.to };
    }
    stretches.push(whole);
  }
  return stretches;
}

/** One comparator; versions may leave out their last numbers or write them as x. */
function comparator(part: string): Interval | null {
  const [, operator = '', version = ''] = /^(>=|<=|[<>=~^]|)v?([0-9A-Za-z.*+-]*)$/.exec(part) ?? [];
  if (operator === '' && /^[*xX]?$/.test(version)) return part === '' || version !== '' ? { from: null, to: null } : null;
  const numbers = /^(\d{1,9})(?:\.(\d{1,9}|[xX*]))?(?:\.(\d{1,9}|[xX*]))?((?:-[0-9A-Za-z.-]+)?)(?:\+[0-9A-Za-z.-]+)?$/.exec(
    version,
  );
  if (!numbers) return null;
  const [, major = '', minor, patch, preRelease = ''] = numbers;
  const known = [major, minor, patch].map((one) => (one === undefined || !/^\d/.test(one) ? null : Number(one)));
  const given = known[1] === null ? 1 : known[2] === null ? 2 : 3;
  // A pre-release needs all three numbers.
  if (given < 3 && preRelease !== '') return null;
  const full = `${major}.${known[1] ?? 0}.${known[2] ?? 0}${preRelease}`;
  return bounds(operator, { full, given, numbers: [known[0] ?? 0, known[1] ?? 0, known[2] ?? 0] });
}

interface Partial {
  /** The lowest version it stands for. */
  readonly full: string;
  /** How many of its numbers are given. */
  readonly given: 1 | 2 | 3;
  readonly numbers: readonly [number, number, number];
}

function bounds(operator: string, { full, given, numbers }: Partial): Interval | null {
  const from = { version: full, inclusive: true };
  /** Before the first version with the next number at this place; its pre-releases are not part of the range either. */
  const before = (place: number) => ({ version: `${next(numbers, place)}-0`, inclusive: false });
  const isExact = given === 3;
  if (operator === '>=') return { from, to: null };
  if (operator === '<') return { from: null, to: { version: full, inclusive: false } };
  if (operator === '<=') return { from: null, to: isExact ? { version: full, inclusive: true } : before(given) };
  if (operator === '>') {
    return { from: isExact ? { version: full, inclusive: false } : { version: next(numbers, given), inclusive: true }, to: null };
  }
  if (operator === '~') return { from, to: before(Math.min(given, 2)) };
  // The caret leaves the leftmost number that is not zero.
  if (operator === '^') return { from, to: before(numbers[0] > 0 || given === 1 ? 1 : numbers[1] > 0 || given === 2 ? 2 : 3) };
  return { from, to: isExact ? { version: full, inclusive: true } : before(given) };
}

/** The first version behind all that share the first `place` numbers. */
function next(numbers: readonly number[], place: number): string {
  return numbers.map((number, at) => (at < place - 1 ? number : at === place - 1 ? number + 1 : 0)).join('.');
}
