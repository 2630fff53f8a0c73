import type { Ordering } from '../ordering.ts';
import { checkedVersion } from '../shared/checked-version.ts';
import { compareKeys } from '../shared/compare-keys.ts';
import { splitEpochVersionRelease, type EpochVersionRelease } from '../shared/epoch-version-release.ts';
import { KeyWriter } from '../shared/key-writer.ts';
import { remembering } from '../shared/remembering.ts';

/**
 * Takes [epoch:]version[-release] apart as rpm does (rpm-version(7)). Throws VersionError for empty text, more than 4096 characters
 * and control characters; rpm orders everything else, and so do we.
 */
export function parseRpmVersion(text: string): EpochVersionRelease {
  return splitEpochVersionRelease(checkedVersion(text));
}

/** Orders two versions as rpm does; a version without a release comes before the same with one. Throws VersionError. */
export function compareRpmVersions(a: string, b: string): Ordering {
  return compareKeys(keyOf(a), keyOf(b));
}

const keyOf = remembering(rpmVersionKey);

const rank = { tilde: 1, end: 2, caret: 3, letters: 4, number: 5 } as const;

/** Order-preserving key: epoch; segments of the version; 0, or 1 and the segments of the release. Throws VersionError. */
export function rpmVersionKey(text: string): Uint8Array {
  const { epoch, version, release } = parseRpmVersion(text);
  const key = new KeyWriter().number(epoch);
  writeSegments(key, version);
  if (release === null) return key.byte(0).bytes();
  writeSegments(key.byte(1), release);
  return key.bytes();
}

/** Everything but letters, digits, tilde and caret only separates, whatever and however much it is. */
function writeSegments(key: KeyWriter, text: string): void {
  let index = 0;
  while (index < text.length) {
    const kind = kindAt(text, index);
    const start = index;
    index += 1;
    if (kind === 'number' || kind === 'letters') while (kindAt(text, index) === kind) index += 1;
    if (kind === null) continue;
    key.byte(rank[kind]);
    if (kind === 'number') key.number(text.slice(start, index));
    else if (kind === 'letters') key.text(text.slice(start, index));
  }
  key.byte(rank.end);
}

/** null: a separator, or the end of the text. */
function kindAt(text: string, index: number): 'number' | 'letters' | 'tilde' | 'caret' | null {
  const code = text.charCodeAt(index);
  if (code >= 0x30 && code <= 0x39) return 'number';
  if ((code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)) return 'letters';
  if (code === 0x7e) return 'tilde';
  return code === 0x5e ? 'caret' : null;
}
