import type { Ordering } from '../ordering.ts';
import { checkedVersion, syntaxError } from '../shared/checked-version.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { KeyWriter } from '../shared/key-writer.ts';

/** A Python version (PEP 440), normalised. Numbers are digits; null where the text does not have the part. */
export interface PythonVersion {
  readonly epoch: string;
  /** Without trailing zeros, which do not count. */
  readonly release: readonly string[];
  readonly pre: { readonly phase: 'a' | 'b' | 'rc'; readonly number: string } | null;
  readonly post: string | null;
  readonly dev: string | null;
  readonly local: readonly string[];
}

const form = new RegExp(
  [
    '^v?(?:([0-9]+)!)?',
    '([0-9]+(?:\\.[0-9]+)*)',
    '(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*))?',
    '(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?',
    '(?:[-_.]?(dev)[-_.]?([0-9]*))?',
    '(?:\\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$',
  ].join(''),
);

/**
 * Takes a version apart and normalises it (PEP 440, Appendix B). Throws VersionError for what is none: the "legacy" versions that
 * tools ordered before PEP 440 are refused today by pip, packaging and PyPI, and are here.
 */
export function parsePythonVersion(text: string): PythonVersion {
  const trimmed = checkedVersion(text).toLowerCase();
  const match = form.exec(trimmed);
  if (!match) throw syntaxError(trimmed, 'a version by PEP 440');
  const [, epoch = '0', numbers = '', phase, phaseNumber, implicitPost, post, postNumber, dev, devNumber, local] = match;
  return {
    epoch,
    release: withoutZerosAtEnd(numbers.split('.')),
    pre: phase === undefined ? null : { phase: normalPhase(phase), number: phaseNumber ?? '' },
    post: implicitPost ?? (post === undefined ? null : (postNumber ?? '')),
    dev: dev === undefined ? null : (devNumber ?? ''),
    local: local?.split(/[-_.]/) ?? [],
  };
}

function withoutZerosAtEnd(numbers: readonly string[]): readonly string[] {
  return numbers.slice(0, numbers.findLastIndex((number) => !/^0*$/.test(number)) + 1);
}

function normalPhase(phase: string): 'a' | 'b' | 'rc' {
  if (phase === 'a' || phase === 'alpha') return 'a';
  return phase === 'b' || phase === 'beta' ? 'b' : 'rc';
}

/** Orders two versions by PEP 440, as packaging.version does. Throws VersionError. */
export function comparePythonVersions(a: string, b: string): Ordering {
  return compareKeys(pythonVersionKey(a), pythonVersionKey(b));
}

const phaseRank = { a: 1, b: 2, rc: 3 } as const;

/** Order-preserving key. Throws VersionError. */
export function pythonVersionKey(text: string): Uint8Array {
  const { epoch, release, pre, post, dev, local } = parsePythonVersion(text);
  const key = new KeyWriter().number(epoch);
  for (const number of release) key.byte(1).number(number);
  key.byte(0);
  // A development release of the release itself comes before its pre-releases, everything else without one after them.
  if (pre) key.byte(phaseRank[pre.phase]).number(pre.number);
  else key.byte(post === null && dev !== null ? 0 : 4);
  if (post === null) key.byte(0);
  else key.byte(1).number(post);
  if (dev === null) key.byte(1);
  else key.byte(0).number(dev);
  // Local parts: none, then text before numbers.
  for (const part of local) {
    if (/^[0-9]+$/.test(part)) key.byte(2).number(part);
    else key.byte(1).text(part);
  }
  return key.byte(0).bytes();
}
