import type { Ordering } from '../ordering.ts';
import { checkedVersion } from '../shared/checked-version.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';

/** One part of a Maven version: a number (digits without leading zeros; zero is empty), a qualifier, or a list. */
export type MavenItem =
  | { readonly kind: 'number'; readonly digits: string }
  | { readonly kind: 'qualifier'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly MavenItem[] };

/** Known qualifiers in their order; the empty one is the release itself. Unknown ones follow, ordered as text. */
const qualifiers = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const release = qualifiers.indexOf('');
const aliases = new Map([
  ['ga', ''],
  ['final', ''],
  ['release', ''],
  ['cr', 'rc'],
]);
const aliasesBeforeDigits = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
]);

/**
 * Takes a version apart as Maven 3's ComparableVersion does: a hyphen, and a change between digits and letters, begins a list
 * inside the list; zeros and release qualifiers at the end of a list vanish. Every text is a version for Maven; throws VersionError
 * only for empty text, more than 4096 characters and control characters.
 */
export function parseMavenVersion(text: string): readonly MavenItem[] {
  const version = checkedVersion(text).toLowerCase();
  // Each list holds the next one as its last item.
  let list: MavenItem[] = [];
  const lists = [list];
  const open = () => lists.push((list = []));
  let start = 0;
  while (start < version.length) {
    const end = endOfRun(version, start);
    const separator = version[end] ?? '';
    const run = version.slice(start, end);
    if (run === '') list.push({ kind: 'number', digits: '' });
    else if (isDigit(run)) list.push({ kind: 'number', digits: run.replace(/^0+/, '') });
    else {
      const isAttached = separator !== '.' && separator !== '-';
      // Before digits and at the end of the version, ".x" means "-x".
      if (isAttached && list.length > 0) open();
      list.push({ kind: 'qualifier', name: canonical(run, separator !== '' && isAttached) });
    }
    if (separator === '.') start = end + 1;
    else {
      if (separator !== '') open();
      start = separator === '-' ? end + 1 : end;
    }
  }
  return nested(lists);
}

function isDigit(text: string): boolean {
  const code = text.charCodeAt(0);
  return code >= 0x30 && code <= 0x39;
}

/** Index behind the digits, or behind the other characters, that begin at `start`; itself where a separator stands. */
function endOfRun(version: string, start: number): number {
  const run = /[0-9]+|[^0-9.-]+|/y;
  run.lastIndex = start;
  return start + (run.exec(version)?.[0].length ?? 0);
}

function canonical(name: string, beforeDigits: boolean): string {
  const full = beforeDigits ? (aliasesBeforeDigits.get(name) ?? name) : name;
  return aliases.get(full) ?? full;
}

/** Puts each list into the one before it, each without what means nothing at its end. */
function nested(lists: readonly MavenItem[][]): readonly MavenItem[] {
  let inner: readonly MavenItem[] = [];
  for (const list of lists.toReversed()) {
    const last = list.findLastIndex((item) => signOf(item) !== 0);
    const kept = list.slice(0, last + 1);
    inner = inner.length === 0 ? kept : [...kept, { kind: 'list', items: inner }];
  }
  return inner;
}

/** How an item compares with nothing at all. */
function signOf(item: MavenItem): Ordering {
  if (item.kind === 'number') return item.digits === '' ? 0 : 1;
  if (item.kind === 'list') return signOfAll(item.items);
  const known = qualifiers.indexOf(item.name);
  if (known === release) return 0;
  return known >= 0 && known < release ? -1 : 1;
}

/** Not by calling itself: the longest version has as many lists, one in the other, as characters. */
function signOfAll(items: readonly MavenItem[]): Ordering {
  for (let list: readonly MavenItem[] | null = items; list; list = innerOf(list)) {
    for (const item of list) {
      const sign = item.kind === 'list' ? 0 : signOf(item);
      if (sign !== 0) return sign;
    }
  }
  return 0;
}

/** The list in a list, its last item. */
function innerOf(items: readonly MavenItem[]): readonly MavenItem[] | null {
  const last = items.at(-1);
  return last?.kind === 'list' ? last.items : null;
}

/**
 * Orders two versions as Maven 3's ComparableVersion does (maven.apache.org/pom.html, "Version Order Specification"). Where that
 * is no order because three versions go in a circle ("2-xyz" > "2" > "2.0.alpha.1" > "2-xyz"), the comparison with the shorter
 * version is kept. Throws VersionError.
 */
export function compareMavenVersions(a: string, b: string): Ordering {
  return compareKeys(mavenVersionKey(a), mavenVersionKey(b));
}

/** What may stand at the place where two versions part; `end` is nothing at all. */
const rank = {
  preQualifier: 1,
  releaseBeforePre: 2,
  preList: 3,
  zerosBeforePre: 4,
  end: 5,
  releaseBeforePost: 6,
  postQualifier: 7,
  postList: 8,
  number: 9,
} as const;

/** Order-preserving key. Throws VersionError. */
export function mavenVersionKey(text: string): Uint8Array {
  const key = new KeyWriter();
  let lists = 0;
  for (let list: readonly MavenItem[] | null = parseMavenVersion(text); list; list = innerOf(list)) {
    writeItems(key, list);
    lists += 1;
  }
  for (; lists > 0; lists -= 1) key.byte(rank.end);
  return key.bytes();
}

/** All that is in a list, and of the list in it that it begins. */
function writeItems(key: KeyWriter, items: readonly MavenItem[]): void {
  items.forEach((item, index) => {
    if (item.kind === 'list') {
      key.byte(signOf(item) < 0 ? rank.preList : rank.postList);
      return;
    }
    const sign = signOf(item);
    const isBeforePre = sign === 0 && signOfAll(items.slice(index + 1)) < 0;
    if (item.kind === 'number') {
      if (isBeforePre) key.byte(rank.zerosBeforePre);
      else key.byte(rank.number).number(item.digits);
    } else if (sign === 0) key.byte(isBeforePre ? rank.releaseBeforePre : rank.releaseBeforePost);
    else writeQualifier(key.byte(sign < 0 ? rank.preQualifier : rank.postQualifier), item.name);
  });
}

function writeQualifier(key: KeyWriter, name: string): void {
  const known = qualifiers.indexOf(name);
  if (known >= 0) key.byte(known);
  else key.byte(qualifiers.length).text(name);
}
