import {
  ColumnarError,
  type FactName,
  type FactRow,
  facts,
  fromColumns,
  RowSetDigest,
  type SyncDocument,
} from '@vedette/protocol';
import type { AssetRef, CollectorRef, Tx } from './asset-ref.ts';
import { summarizeAsset } from './asset-summary.ts';
import { factStore } from './fact-store.ts';
import { packageStore } from './package-store.ts';
import { hashRow, type KeyedRow, type RowChange, type RowStore, storedKey } from './row-change.ts';
import { applyRunningKernel } from './running-kernel.ts';

export interface DocumentInput {
  readonly asset: AssetRef;
  readonly document: SyncDocument;
  readonly at: Date;
  readonly bytes: number;
}

export interface DocumentResult {
  readonly collector: string;
  readonly outcome: 'accepted' | 'duplicate' | 'resend' | 'rejected';
  readonly sequence: number;
  readonly reason?: string;
}

interface CollectorRow {
  readonly sequence: number;
  readonly digest: string;
  readonly rowCount: number;
  readonly snapshotBytes: number;
}

/**
 * Applies one document or nothing of it. Idempotent: the same document again is a `duplicate`. A delta must start from the state we
 * have, and both must end with the digest that the agent states; otherwise the whole state is asked for.
 */
export async function applyDocument(tx: Tx, input: DocumentInput): Promise<DocumentResult> {
  const { asset, document } = input;
  const state = await loadState(tx, asset, document.collector);
  const sequence = state?.sequence ?? 0;
  const answer = (outcome: DocumentResult['outcome'], reason?: string) => ({
    collector: document.collector,
    outcome,
    sequence: outcome === 'accepted' ? document.sequence : sequence,
    ...(reason === undefined ? {} : { reason }),
  });

  if (state && sequence === document.sequence && state.digest === document.digest) return answer('duplicate');
  if (document.kind === 'delta' && (!state || sequence !== document.sequence - 1)) {
    return answer('resend', `the platform has sequence ${sequence}, the delta starts from ${document.sequence - 1}`);
  }
  if (document.kind === 'snapshot' && document.sequence <= sequence) {
    return answer('resend', `a snapshot needs a sequence above ${sequence}`);
  }

  const read = readRows(document);
  if ('reason' in read) return answer('rejected', read.reason);
  const change = await compare(tx, input, read);
  const digest = digestAfter(document.kind === 'delta' && state ? state.digest : null, change, read);
  if (digest !== document.digest) {
    if (document.kind === 'snapshot') return answer('rejected', 'the digest is not that of the rows');
    return answer('resend', 'the digest after this delta is not the one the agent states');
  }
  const ref = { ...asset, collector: document.collector };
  const moment = { at: input.at, sequence: document.sequence, snapshot: document.kind === 'snapshot' };
  await storeOf(document.collector).apply(tx, ref, change, moment);
  const rowCount =
    document.kind === 'snapshot' ? read.rows.length : (state?.rowCount ?? 0) + change.added.length - change.removed.length;
  await saveState(tx, input, {
    rowCount,
    snapshotBytes: document.kind === 'snapshot' ? input.bytes : (state?.snapshotBytes ?? 0),
  });
  if (document.collector === 'kernel') await applyRunningKernel(tx, asset, input.at);
  await summarizeAsset(tx, asset, document.collector, input.at);
  return answer('accepted');
}

interface ReadRows {
  readonly rows: readonly KeyedRow[];
  readonly removedKeys: readonly string[];
}

/** Unpacks, validates and keys the rows; a reason for refusing them otherwise. */
function readRows(document: SyncDocument): ReadRows | { readonly reason: string } {
  if (!isFactName(document.collector))
    return { reason: 'this platform does not know this collector; it is older than the agent' };
  const fact = facts[document.collector];
  if (document.version !== fact.version) return { reason: `version ${document.version} of this collector is not understood` };
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

function storeOf(collector: string): RowStore {
  return collector === 'dpkg' ? packageStore : factStore;
}

async function compare(tx: Tx, { asset, document }: DocumentInput, { rows, removedKeys }: ReadRows): Promise<RowChange> {
  const keys = document.kind === 'snapshot' ? null : new Set([...rows.map(({ key }) => key), ...removedKeys]);
  const stored = await storeOf(document.collector).load(tx, { ...asset, collector: document.collector }, keys);
  const before = new Map(stored.map((row) => [row.key, row]));
  const unchanged = new Set(rows.filter(({ key, hash }) => before.get(key)?.hash.equals(hash)).map(({ key }) => key));
  return {
    added: rows.filter(({ key }) => !unchanged.has(key)),
    removed: [...before.values()].filter(({ key }) => !unchanged.has(key)),
  };
}

/** For a snapshot the sum of its rows; for a delta the digest before, less what went, plus what came. */
function digestAfter(before: string | null, change: RowChange, { rows }: ReadRows): string {
  const digest = new RowSetDigest(before ?? '0');
  if (before === null) for (const { hash } of rows) digest.add(toBigInt(hash));
  else {
    for (const { hash } of change.removed) digest.remove(toBigInt(hash));
    for (const { hash } of change.added) digest.add(toBigInt(hash));
  }
  return digest.hex();
}

function toBigInt(hash: Buffer): bigint {
  return BigInt(`0x${hash.toString('hex')}`);
}

/** Of the last document taken; 0 before the first. */
export async function loadSequence(tx: Tx, { collector, ...asset }: CollectorRef): Promise<number> {
  return (await loadState(tx, asset, collector))?.sequence ?? 0;
}

async function loadState(tx: Tx, asset: AssetRef, collector: string): Promise<CollectorRow | undefined> {
  return tx
    .selectFrom('collectorState')
    .select(['sequence', 'digest', 'rowCount', 'snapshotBytes'])
    .where('organizationId', '=', asset.organizationId)
    .where('assetId', '=', asset.assetId)
    .where('collector', '=', collector)
    .executeTakeFirst();
}

async function saveState(
  tx: Tx,
  { asset, document, at, bytes }: DocumentInput,
  counts: { rowCount: number; snapshotBytes: number },
) {
  const values = {
    version: document.version,
    sequence: document.sequence,
    digest: document.digest,
    status: document.status,
    problem: null,
    changedAt: at,
    lastBytes: bytes,
    ...counts,
  };
  await tx
    .insertInto('collectorState')
    .values({ ...asset, collector: document.collector, ...values })
    .onConflict((conflict) => conflict.columns(['organizationId', 'assetId', 'collector']).doUpdateSet(values))
    .execute();
}
