import { createHash } from 'node:crypto';
import type { ExceptionId, ExceptionState, VexJustification, VexStatus } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { VexDocument } from './read-vex.ts';
import { stateOf } from './store.ts';

type Db = Kysely<Database>;

/** What a document asked for before, and what became of it. */
export interface KnownException {
  readonly exceptionId: ExceptionId;
  readonly query: string;
  readonly status: VexStatus;
  readonly justification: VexJustification | null;
  readonly document: string | null;
  readonly requestedBy: string;
  readonly state: ExceptionState;
  /** "check package-version" each. */
  readonly pairs: ReadonlySet<string>;
}

interface Key {
  readonly organizationId: string;
  readonly assets: string;
}

/** All that documents asked for the same assets, but what its time is over for and what a newer version took back. */
export async function loadKnown(db: Db, { organizationId, assets }: Key, now: Date): Promise<KnownException[]> {
  const { rows } = await sql<
    Omit<KnownException, 'state' | 'pairs'> & {
      decision: 'approved' | 'rejected' | null;
      endedAt: Date | null;
      expiresAt: Date | null;
      pairs: string[];
    }
  >`
    select id as exception_id, query, status, justification, document, requested_by, decision, ended_at, expires_at, array(
      select check_number || ' ' || package_version
      from exception_check as listed, unnest(package_version_ids) as package_version
      where listed.organization_id = exception.organization_id and exception_id = exception.id) as pairs
    from exception
    where organization_id = ${organizationId} and source <> 'person' and assets = ${assets} and not superseded
    order by requested_at, id`.execute(db);
  return rows
    .map(({ decision, endedAt, expiresAt, pairs, ...row }) => ({
      ...row,
      state: stateOf({ decision, endedAt, expiresAt }, now),
      pairs: new Set(pairs),
    }))
    .filter(({ state }) => state !== 'expired');
}

/** Where a version of the document is known that is newer than this one: which, in words. Null where there is none. */
export async function newerVersion(db: Db, key: Key, document: VexDocument): Promise<string | null> {
  if (document.id === null) return null;
  const row = await db
    .selectFrom('vexDocument')
    .select(['version', 'at'])
    .where('organizationId', '=', key.organizationId)
    .where('key', '=', keyOf(key, document.id))
    .executeTakeFirst();
  if (!row) return null;
  const known = row.version === null ? null : Number(row.version);
  if (known !== null && document.version !== null && known !== document.version)
    return known > document.version ? `version ${known}` : null;
  return row.at !== null && document.at !== null && row.at > document.at ? `that of ${row.at.toISOString()}` : null;
}

/** Remembers which version of a document was imported last. */
export async function rememberVersion(
  tx: Db,
  key: Key,
  { document, ...by }: { readonly document: VexDocument; readonly importedAt: Date; readonly importedBy: string },
): Promise<void> {
  const { id, version, at } = document;
  if (id === null) return;
  const change = { version, at, ...by };
  await tx
    .insertInto('vexDocument')
    .values({ organizationId: key.organizationId, key: keyOf(key, id), document: id, ...change })
    .onConflict((conflict) => conflict.columns(['organizationId', 'key']).doUpdateSet(change))
    .execute();
}

/** Ends what a newer version of its document takes back. */
export async function supersede(
  tx: Db,
  { organizationId, ids }: { organizationId: string; ids: readonly string[] },
  by: { readonly endedBy: string; readonly endedAt: Date },
): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable('exception')
    .set({ ...by, superseded: true })
    .where('organizationId', '=', organizationId)
    .where('id', 'in', [...ids])
    .where('endedAt', 'is', null)
    .execute();
}

function keyOf({ assets }: Key, document: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([document, assets]))
    .digest();
}
