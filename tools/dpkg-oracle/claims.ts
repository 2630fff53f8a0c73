import { compareDebianVersions, debianVersionKey, VersionError } from '@vedette/ecosystems';
import type { VersionClaim } from './ask-dpkg.ts';

/** What our own code says of two versions, in the form that dpkg can confirm. Throws where key and comparison disagree. */
export function claim(a: string, b: string): VersionClaim {
  try {
    const order = compareDebianVersions(a, b);
    const keyOrder = Math.sign(Buffer.compare(debianVersionKey(a), debianVersionKey(b)));
    if (keyOrder !== order) throw new Error(`keys of ${a} and ${b} give ${keyOrder}, the comparison ${order}`);
    return { a, b, relation: ({ '-1': 'lt', 0: 'eq', 1: 'gt' } as const)[order] };
  } catch (error) {
    if (error instanceof VersionError) return { a, b, relation: 'refused' };
    throw error;
  }
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32), so that a failure can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const alphabet = '0011239azAZbe..++~~--:_'.split('');
const insertions = ['~', '+b1', '+deb12u1', '~bpo12+1', '-1', '.0', '0', '00', '~rc1', '9'.repeat(30), '1:', 'a', '+', '.'];

/** Pairs of real versions, of a version and a mutation of it, of two mutations, and of plain noise; some are no versions at all. */
export function versionPairs(real: readonly string[], count: number, random: () => number): [string, string][] {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item; // never called with an empty list
  const noise = () => Array.from({ length: 1 + Math.floor(random() * 8) }, () => pick(alphabet)).join('');
  const mutate = (version: string): string => {
    const at = Math.floor(random() * (version.length + 1));
    const kind = random();
    if (kind < 0.3) return version.slice(0, at) + pick(alphabet) + version.slice(at);
    if (kind < 0.5) return version.slice(0, at) + version.slice(at + 1);
    if (kind < 0.7) return version.slice(0, at) + pick(alphabet) + version.slice(at + 1);
    return version.slice(0, at) + pick(insertions) + version.slice(at);
  };
  // The oracle reads questions line by line; nothing at all would be no question.
  const askable = (version: string) => (version === '' ? '0' : version);
  return Array.from({ length: count }, () => {
    const base = pick(real);
    const kind = random();
    if (kind < 0.25) return [base, pick(real)];
    if (kind < 0.6) return [base, askable(mutate(base))];
    if (kind < 0.85) return [askable(mutate(base)), askable(mutate(mutate(base)))];
    return [askable(noise()), askable(noise())];
  });
}
