import type { ChangedRecord, FeedFile } from '../feed.ts';
import { FeedError } from '../errors.ts';
import { feedLines } from './feed-text.ts';

/** Lists of real sources have up to some hundred thousand lines. */
const maxLines = 2_000_000;

interface ChangeList {
  readonly maxBytes: number;
  readonly since: string | null;
  /** Time and record of a line's two fields; null for one that is none. */
  readonly record: (fields: readonly [string, string]) => ChangedRecord | null;
}

/**
 * A list of two columns, one of them the time of a change: `modified_id.csv` of osv.dev (time, name), `changes.csv` of CSAF 2.0 (7.1.13:
 * path, time, in quotation marks). Records after `since`, the oldest first. Throws FeedError.
 */
export function readChangeList(file: FeedFile, { maxBytes, since, record }: ChangeList): ChangedRecord[] {
  const after = since === null ? Number.NEGATIVE_INFINITY : Date.parse(since);
  const found: { time: number; changed: ChangedRecord }[] = [];
  let bad = 0;
  for (const { number, text } of feedLines(file, maxBytes)) {
    if (number > maxLines) throw new FeedError('TOO_LARGE', `${file.name} has more than ${maxLines} lines.`);
    const [first = '', second, more] = text.split(',', 3).map((field) => field.replace(/^"|"$/g, ''));
    const changed = second === undefined || more !== undefined ? null : record([first, second]);
    const time = changed ? Date.parse(changed.at) : Number.NaN;
    if (!changed || Number.isNaN(time)) bad += 1;
    else if (time > after) found.push({ time, changed });
    // The head of the columns, or a stray line; a page of a portal has nothing but such.
    if (bad > Math.max(3, number / 100)) throw new FeedError('SCHEMA', `${file.name}, line ${number}: no list of changes.`);
  }
  return found.toSorted((a, b) => a.time - b.time).map(({ changed }) => changed);
}
