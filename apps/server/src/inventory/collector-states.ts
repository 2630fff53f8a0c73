import { RowSetDigest, type SyncDocument } from '@vedette/protocol';
import { sql } from 'kysely';
import { type CollectorRef, refColumns, refKey, type Tx } from './asset-ref.ts';
import type { DocumentInput, DocumentResult } from './document.ts';
import type { Packed } from './fact-bases.ts';
import type { ReadRows } from './read-rows.ts';
import type { RowChange, StoredRow } from './row-change.ts';

export interface CollectorState {
  readonly sequence: number;
  readonly digest: string;
  readonly rowCount: number;
  readonly snapshotBytes: number;
}

/** What the platform holds of these collectors, by refKey. */
export async function loadStates(tx: Tx, refs: readonly CollectorRef[]): Promise<Map<string, CollectorState>> {
  const [organizations, assets, collectors] = refColumns(refs);
  const { rows } = await sql<CollectorState & CollectorRef>`
    select organization_id, asset_id, collector, sequence, digest, row_count, snapshot_bytes from collector_state
    join unnest(${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[]) as wanted (organization_id, asset_id, collector)
      using (organization_id, asset_id, collector)`.execute(tx);
  return new Map(rows.map((row) => [refKey(row), row]));
}

/** The answer to a document that does not follow on what is held; null for one that does. */
export function answerOutOfOrder(document: SyncDocument, state: CollectorState | undefined): DocumentResult | null {
  const sequence = state?.sequence ?? 0;
  const { collector } = document;
  if (state && sequence === document.sequence && state.digest === document.digest)
    return { collector, outcome: 'duplicate', sequence };
  if (document.kind === 'delta' && (!state || sequence !== document.sequence - 1)) {
    const reason = `the platform has sequence ${sequence}, the delta starts from ${document.sequence - 1}`;
    return { collector, outcome: 'resend', sequence, reason };
  }
  if (document.kind === 'snapshot' && document.sequence <= sequence)
    return { collector, outcome: 'resend', sequence, reason: `a snapshot needs a sequence above ${sequence}` };
  return null;
}

/** What the document changes of the stored rows. Those of a snapshot are all that there are, those of a delta the ones it speaks of. */
export function compareRows({ rows }: ReadRows, stored: readonly StoredRow[]): RowChange {
  const before = new Map(stored.map((row) => [row.key, row]));
  const unchanged = new Set(rows.filter(({ key, hash }) => before.get(key)?.hash.equals(hash)).map(({ key }) => key));
  return {
    added: rows.filter(({ key }) => !unchanged.has(key)),
    removed: stored.filter(({ key }) => !unchanged.has(key)),
  };
}

/** The answer to a document that does not end with the digest it states; null for one that does. */
export function answerWrongDigest(
  document: SyncDocument,
  read: ReadRows,
  { change, state }: { change: RowChange; state: CollectorState | undefined },
): DocumentResult | null {
  const before = document.kind === 'delta' && state ? state.digest : null;
  if (digestAfter(before, change, read) === document.digest) return null;
  const answer = { collector: document.collector, sequence: state?.sequence ?? 0 };
  if (document.kind === 'snapshot') return { ...answer, outcome: 'rejected', reason: 'the digest is not that of the rows' };
  return { ...answer, outcome: 'resend', reason: 'the digest after this delta is not the one the agent states' };
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

export interface StateAfter {
  readonly input: DocumentInput;
  readonly rowCount: number;
  readonly snapshotBytes: number;
}

/** `facts`: the packed rows by refKey, of collectors whose rows are no packages. */
export async function saveStates(
  tx: Tx,
  after: readonly StateAfter[],
  { facts, at }: { facts: ReadonlyMap<string, Packed>; at: Date },
): Promise<void> {
  if (after.length === 0) return;
  const packed = after.map(({ input }) => facts.get(refKey(input.ref)));
  const [organizations, assets, collectors] = refColumns(after.map(({ input }) => input.ref));
  const documents = after.map(({ input }) => input.document);
  await sql`
    insert into collector_state as state
      (organization_id, asset_id, collector, version, sequence, digest, status, row_count, last_bytes, snapshot_bytes, fact_base,
        facts, problem, changed_at)
    select *, null, ${at}::timestamptz from unnest(
      ${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[], ${documents.map(({ version }) => version)}::integer[],
      ${documents.map(({ sequence }) => sequence)}::integer[], ${documents.map(({ digest }) => digest)}::text[],
      ${documents.map(({ status }) => status)}::text[], ${after.map(({ rowCount }) => rowCount)}::integer[],
      ${after.map(({ input }) => input.bytes)}::integer[], ${after.map(({ snapshotBytes }) => snapshotBytes)}::integer[],
      ${packed.map((each) => each?.base ?? null)}::integer[], ${packed.map((each) => each?.bytes ?? null)}::bytea[])
    on conflict (organization_id, asset_id, collector) do update set
      version = excluded.version, sequence = excluded.sequence, digest = excluded.digest, status = excluded.status, problem = null,
      row_count = excluded.row_count, last_bytes = excluded.last_bytes, snapshot_bytes = excluded.snapshot_bytes,
      fact_base = excluded.fact_base, facts = excluded.facts, changed_at = excluded.changed_at`.execute(tx);
}

/** What is held of these cannot be read: with no digest of its own, the next check-in asks the agent for all of it. */
export async function forgetDigests(tx: Tx, refs: readonly CollectorRef[]): Promise<void> {
  if (refs.length === 0) return;
  const [organizations, assets, collectors] = refColumns(refs);
  await sql`
    update collector_state as state set digest = ''
    from unnest(${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[]) as wanted (organization_id, asset_id, collector)
    where (state.organization_id, state.asset_id, state.collector) = (wanted.organization_id, wanted.asset_id, wanted.collector)`.execute(
    tx,
  );
}
