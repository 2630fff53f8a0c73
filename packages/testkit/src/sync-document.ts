import { createHash } from 'node:crypto';
import { type FactRow, rowHash, RowSetDigest, SyncDocument, toColumns } from '@vedette/protocol';

interface Change {
  readonly collector: string;
  readonly sequence: number;
  /** All rows after the change. */
  readonly rows: readonly FactRow[];
  /** For a delta: what is sent of them, and the keys of what is gone. */
  readonly delta?: { readonly rows: readonly FactRow[]; readonly removed: readonly FactRow[] };
}

/** The document an agent would send for this change: a snapshot, or a delta where one is given. */
export function syncDocument({ collector, sequence, rows, delta }: Change): SyncDocument {
  const digest = new RowSetDigest();
  for (const row of rows) digest.add(rowHash(row, (text) => createHash('sha256').update(text).digest()));
  return SyncDocument.parse({
    collector,
    version: 1,
    kind: delta ? 'delta' : 'snapshot',
    sequence,
    digest: digest.hex(),
    collectedAt: '2026-11-22T12:00:00Z',
    status: 'complete',
    rows: toColumns(delta?.rows ?? rows),
    removed: toColumns(delta?.removed ?? []),
  });
}
