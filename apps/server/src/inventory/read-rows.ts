import { ColumnarError, type FactName, type FactRow, facts, fromColumns, type SyncDocument } from '@vedette/protocol';
import { hashRow, type KeyedRow, storedKey } from './row-change.ts';

export interface ReadRows {
  readonly rows: readonly KeyedRow[];
  readonly removedKeys: readonly string[];
}

/** PostgreSQL's integer, in which sequences are kept. */
const maxSequence = 2 ** 31 - 1;

/** Unpacks, validates and keys the rows of a document; a reason for refusing them otherwise. */
export function readRows(document: SyncDocument): ReadRows | { readonly reason: string } {
  if (!isFactName(document.collector))
    return { reason: 'this platform does not know this collector; it is older than the agent' };
  const fact = facts[document.collector];
  if (document.version !== fact.version) return { reason: `version ${document.version} of this collector is not understood` };
  if (document.sequence > maxSequence) return { reason: `a sequence may not be above ${maxSequence}` };
  let unpacked: { rows: FactRow[]; removed: FactRow[] };
  try {
    unpacked = { rows: fromColumns(document.rows), removed: fromColumns(document.removed) };
  } catch (error) {
    if (error instanceof ColumnarError) return { reason: error.message };
    throw error;
  }
  const rows: KeyedRow[] = [];
  const seen = new Set<string>();
  for (const row of unpacked.rows) {
    const checked = fact.row.safeParse(row);
    if (!checked.success) {
      const [issue] = checked.error.issues;
      return { reason: `row ${rows.length}: ${issue?.path.join('.')}: ${issue?.message}` };
    }
    const key = storedKey(row, fact.key);
    if (seen.has(key)) return { reason: `two rows have the key ${key.slice(0, 200)}` };
    seen.add(key);
    // The digest counts every column; kept are only those whose values were checked.
    rows.push({ key, row: checked.data, hash: hashRow(row) });
  }
  const removedKeys = unpacked.removed.map((row) => storedKey(row, fact.key));
  if (removedKeys.some((key) => seen.has(key))) return { reason: 'a row is both sent and removed' };
  return { rows, removedKeys };
}

function isFactName(name: string): name is FactName {
  return Object.hasOwn(facts, name);
}
