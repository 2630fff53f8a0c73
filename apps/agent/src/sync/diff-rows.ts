import { canonicalRow, rowKey, type FactRow } from '@vedette/protocol';

/** Rows by the text of their key. */
export type KeyedRows = ReadonlyMap<string, FactRow>;

export interface RowChanges {
  /** Rows after the change; the state they lead to is not complete when the limit was reached. */
  readonly changed: readonly FactRow[];
  /** Rows that are gone, as they were. */
  readonly removed: readonly FactRow[];
  readonly after: KeyedRows;
}

export interface ChangeLimit {
  readonly rows: number;
  /** Characters of the rows as JSON. */
  readonly chars: number;
}

export function keyRows(rows: readonly FactRow[], key: readonly string[]): Map<string, FactRow> {
  return new Map(rows.map((row) => [rowKey(row, key), row]));
}

/** What leads from `before` to `now`, or the first part of it that stays within the limit (at least one row). */
export function diffRows(before: KeyedRows, now: KeyedRows, limit: ChangeLimit): RowChanges {
  const after = new Map(before);
  const changed: FactRow[] = [];
  const removed: FactRow[] = [];
  let chars = 0;
  const isFull = (): boolean => changed.length + removed.length >= limit.rows || chars >= limit.chars;
  for (const [key, row] of before) {
    if (isFull()) break;
    if (now.has(key)) continue;
    removed.push(row);
    after.delete(key);
    chars += key.length;
  }
  for (const [key, row] of now) {
    if (isFull()) break;
    const text = canonicalRow(row);
    const previous = before.get(key);
    if (previous !== undefined && canonicalRow(previous) === text) continue;
    changed.push(row);
    after.set(key, row);
    chars += text.length;
  }
  return { changed, removed, after };
}
