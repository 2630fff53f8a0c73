/** Composer's stability words, in short and long form, in any case. */
const modifier = '[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)([.-]?[0-9]+(?:[.-][0-9]+)*)?)?([.-]?dev)?';
const classical = new RegExp(`^v?([0-9]{1,5})(\\.[0-9]+)?(\\.[0-9]+)?(\\.[0-9]+)?${modifier}$`, 'i');
const dated = new RegExp(`^v?([0-9]{4}(?:[.:-]?[0-9]{2}){1,6}(?:[.:-]?[0-9]{1,3}){0,2})${modifier}$`, 'i');
const branch = /^v?([0-9]+)(\.(?:[0-9]+|[x*]))?(\.(?:[0-9]+|[x*]))?(\.(?:[0-9]+|[x*]))?$/i;

const longForms = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['p', 'patch'],
  ['pl', 'patch'],
  ['rc', 'RC'],
]);

/**
 * The normal form that Composer compares versions in ("v1.2-b1" is "1.2.0.0-beta1", "1.x-dev" is "1.9999999.9999999.9999999-dev",
 * "master" is "dev-master"), or null for what Composer refuses.
 */
export function normaliseComposerVersion(text: string): string | null {
  const aliased = /^([^,\s]+) +as +[^,\s]+$/.exec(text)?.[1] ?? text;
  const plain = aliased.replace(/@(?:stable|rc|beta|alpha|dev)$/i, '');
  if (plain === 'master' || plain === 'trunk' || plain === 'default') return `dev-${plain}`;
  if (/^dev-/i.test(plain)) return `dev-${plain.slice(4)}`;
  const version = /^([^,\s+]+)\+\S+$/.exec(plain)?.[1] ?? plain;
  return normaliseRelease(version) ?? normaliseBranch(version);
}

function normaliseRelease(version: string): string | null {
  const numbered = classical.exec(version);
  if (numbered) {
    const [, major = '', minor = '.0', patch = '.0', fourth = '.0', stability, number, dev] = numbered;
    return withStability(`${major}${minor}${patch}${fourth}`, { stability, number, dev });
  }
  const byDate = dated.exec(version);
  if (!byDate) return null;
  const [, date = '', stability, number, dev] = byDate;
  return withStability(date.replace(/[^0-9]/g, '.'), { stability, number, dev });
}

interface Modifier {
  readonly stability: string | undefined;
  readonly number: string | undefined;
  readonly dev: string | undefined;
}

function withStability(version: string, { stability, number = '', dev = '' }: Modifier): string {
  if (stability === 'stable') return version;
  const word = stability?.toLowerCase() ?? '';
  const suffix = word === '' ? '' : `-${longForms.get(word) ?? word}${number.replace(/^[.-]+/, '')}`;
  return `${version}${suffix}${dev === '' ? '' : '-dev'}`;
}

function normaliseBranch(version: string): string | null {
  const match = branch.exec(/^(.*?)[.-]?dev$/i.exec(version)?.[1]?.trim() ?? '');
  if (!match) return null;
  const [, major = '', ...rest] = match;
  return `${major}${rest.map((part) => (part ?? '.x').replace(/[x*]/i, '9999999')).join('')}-dev`;
}
