import type { Test } from './query.ts';

/** A value of a field. Moments in ms since 1970, severities 1 to 5. */
export type Scalar = string | number | boolean | null;

/** Negative, 0 or positive; null where one of the two cannot be ordered there. */
export type CompareVersions = (a: string, b: string) => number | null;

/** A test as a function of one value, for running over many. Absent values pass nothing; a version needs the order handed in. */
export function compileTest(test: Test): (value: Scalar, compareVersions?: CompareVersions) => boolean {
  switch (test.is) {
    case 'present':
      return (value) => value !== null && value !== '';
    case 'equal':
      return (value) => (typeof value === 'string' ? value.toLowerCase() : value) === test.value;
    case 'contains':
      return (value) => typeof value === 'string' && value.toLowerCase().includes(test.text);
    case 'pattern':
      return (value) => typeof value === 'string' && matchesPattern(value.toLowerCase(), test.text);
    case 'range':
      return (value) =>
        typeof value === 'number' &&
        (test.isOpen ? value > test.from : value >= test.from) &&
        (test.isClosed ? value <= test.until : value < test.until);
    case 'version':
      return (value, compareVersions) => {
        const order = typeof value === 'string' ? (compareVersions?.(value, test.version) ?? null) : null;
        return order !== null && passes(order, test.operator);
      };
  }
}

function passes(order: number, operator: '<' | '<=' | '=' | '>=' | '>'): boolean {
  if (order === 0) return operator.includes('=');
  return order < 0 ? operator.startsWith('<') : operator.startsWith('>');
}

/** `*` stands for anything, `?` for one character. In time proportional to both lengths at worst: a hostile pattern costs nothing. */
export function matchesPattern(text: string, pattern: string): boolean {
  let [at, place, star, retry] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[place] === '*') {
      star = place;
      retry = at;
      place += 1;
    } else if (place < pattern.length && (pattern[place] === '?' || pattern[place] === text[at])) {
      at += 1;
      place += 1;
    } else if (star === -1) return false;
    else {
      retry += 1;
      at = retry;
      place = star + 1;
    }
  }
  while (pattern[place] === '*') place += 1;
  return place === pattern.length;
}
