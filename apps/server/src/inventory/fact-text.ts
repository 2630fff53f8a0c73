import { createHash } from 'node:crypto';
import { canonicalRow, type FactName, type FactRow, type FactValue, facts } from '@vedette/protocol';
import { hashRow, type KeyedRow, storedKey } from './row-change.ts';

/** Rows of one collector on one asset, by key. */
export type FactRows = ReadonlyMap<string, KeyedRow>;

type Pairs = readonly (readonly [column: string, value: FactValue])[];

/** Rows as they are kept: canonical, so that what machines have in common looks the same, and in order of their keys. */
interface FactText {
  readonly rows: readonly Pairs[];
  /** Base64, by place: of rows that came with columns which were not kept. Their digest counts those all the same. */
  readonly hashes?: Readonly<Record<string, string>>;
}

/** Some times what the largest document says: few bytes in columns may claim many in rows. */
const defaultMaxChars = 32 * 1024 * 1024;

/** A row that is kept. Most are never asked for their hash. */
class KeptRow implements KeyedRow {
  readonly key: string;
  readonly row: FactRow;
  #hash: Buffer | undefined;

  constructor(key: string, row: FactRow, hash?: Buffer) {
    this.key = key;
    this.row = row;
    this.#hash = hash;
  }

  get hash(): Buffer {
    return (this.#hash ??= hashRow(this.row));
  }
}

/** The text of these rows; null when it is too large to be kept. */
export function factText(rows: FactRows, maxChars = defaultMaxChars): string | null {
  const hashes: Record<string, string> = {};
  const texts: string[] = [];
  let chars = 0;
  for (const { row, hash } of [...rows.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const text = canonicalRow(row);
    if ((chars += text.length) > maxChars) return null;
    if (!createHash('sha256').update(text).digest().equals(hash)) hashes[texts.length] = hash.toString('base64');
    texts.push(text);
  }
  const odd = Object.keys(hashes).length === 0 ? '' : `,"hashes":${JSON.stringify(hashes)}`;
  return `{"rows":[${texts.join()}]${odd}}`;
}

/** The rows of a text that `factText` made, in order of their keys. */
export function readFactText(text: string, collector: string): Map<string, KeyedRow> {
  const { rows, hashes = {} } = JSON.parse(text) as FactText; // our own text, by its checksum
  // Only facts of a known name and shape were ever kept.
  const { key } = facts[collector as FactName];
  return new Map(
    rows.map((pairs, index) => {
      const row = Object.fromEntries(pairs);
      const hash = hashes[index];
      const kept = new KeptRow(storedKey(row, key), row, hash === undefined ? undefined : Buffer.from(hash, 'base64'));
      return [kept.key, kept];
    }),
  );
}

/** What a change is kept as in the history: rows that came, keys of those that went. */
export function changeText(added: readonly KeyedRow[], removed: readonly { readonly key: string }[]): string {
  return `{"rows":[${added.map(({ row }) => canonicalRow(row)).join()}],"removed":${JSON.stringify(removed.map(({ key }) => key))}}`;
}

export function readChangeText(text: string): { added: FactRow[]; removed: string[] } {
  const { rows, removed } = JSON.parse(text) as { rows: Pairs[]; removed: string[] }; // as above
  return { added: rows.map((pairs) => Object.fromEntries(pairs)), removed };
}
