import { VersionError, type Ecosystem } from '@vedette/ecosystems';

/** A claim about two versions: `refused` says that at least one of them is no version. */
export interface VersionClaim {
  readonly a: string;
  readonly b: string;
  readonly relation: 'lt' | 'eq' | 'gt' | 'refused';
}

/** What our own code says of two versions. Throws where key and comparison disagree, unless the ecosystem documents that they may. */
export function claim(ecosystem: Ecosystem, a: string, b: string): VersionClaim {
  try {
    const order = ecosystem.compareVersions(a, b);
    const keyOrder = Math.sign(Buffer.compare(ecosystem.versionKey(a), ecosystem.versionKey(b)));
    if (keyOrder !== order && !(ecosystem.name === 'alpm' && order === 0)) {
      throw new Error(`keys of ${a} and ${b} give ${keyOrder}, the comparison ${order}`);
    }
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

/** What mutations put into versions: single characters, and the pieces that versions of the ecosystem are made of. */
export interface Spice {
  readonly characters: readonly string[];
  readonly pieces: readonly string[];
}

/** Pairs of real versions, of a version and a mutation of it, of two mutations, and of plain noise; some are no versions at all. */
export function versionPairs(
  real: readonly string[],
  { characters, pieces }: Spice,
  count: number,
  random: () => number,
): [string, string][] {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item; // never called with an empty list
  const noise = () => Array.from({ length: 1 + Math.floor(random() * 8) }, () => pick(characters)).join('');
  const mutate = (version: string): string => {
    const at = Math.floor(random() * (version.length + 1));
    const kind = random();
    if (kind < 0.3) return version.slice(0, at) + pick(characters) + version.slice(at);
    if (kind < 0.5) return version.slice(0, at) + version.slice(at + 1);
    if (kind < 0.7) return version.slice(0, at) + pick(characters) + version.slice(at + 1);
    if (kind < 0.85) return version + pick(pieces);
    return version.slice(0, at) + pick(pieces) + version.slice(at);
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
