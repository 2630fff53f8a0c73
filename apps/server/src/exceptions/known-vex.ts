import { createHash } from 'node:crypto';
import type { ExceptionId, ExceptionState, VexJustification, VexStatus } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { VexDocument } from './read-vex.ts';
import { stateOf } from './store.ts';

type Db = Kysely<Database>;

/** What another document says that an exception holds for already. */
export interface Echo {
  /** Of that document, in hex. */
  readonly key: string;
  readonly document: string | null;
  readonly query: string;
  readonly comment: string;
  readonly source: VexDocument['source'];
  readonly checks: ReadonlyMap<number, ReadonlySet<number>>;
  readonly expiresAt: Date | null;
}

/** What a document asked for before, and what became of it. */
export interface KnownException {
  readonly exceptionId: ExceptionId;
  readonly query: string;
  readonly status: VexStatus;
  readonly justification: VexJustification | null;
  readonly document: string | null;
  readonly requestedBy: string;
  readonly state: ExceptionState;
  readonly decidedBy: string | null;
  readonly expiresAt: Date | null;
  /** "check package-version" each. */
  readonly pairs: ReadonlySet<string>;
  /** Those that know most come first. */
  readonly echoes: readonly Echo[];
}

interface Key {
  readonly organizationId: string;
  readonly assets: string;
}

/** All that documents asked for the same assets, but what its time is over for and what a newer version took back. */
export async function loadKnown(db: Db, { organizationId, assets }: Key, now: Date): Promise<KnownException[]> {
  const { rows } = await sql<
    Omit<KnownException, 'state' | 'pairs' | 'echoes'> & {
      decision: 'approved' | 'rejected' | null;
      endedAt: Date | null;
      pairs: string[];
    }
  >`
    select id as exception_id, query, status, justification, document, requested_by, decision, decided_by, ended_at, expires_at, array(
      select check_number || ' ' || package_version
      from exception_check as listed, unnest(package_version_ids) as package_version
      where listed.organization_id = exception.organization_id and exception_id = exception.id) as pairs
    from exception
    where organization_id = ${organizationId} and source <> 'person' and assets = ${assets} and not superseded
    order by requested_at, id`.execute(db);
  const echoes = await loadEchoes(db, organizationId, now);
  return rows
    .map(({ decision, endedAt, pairs, ...row }) => ({
      ...row,
      state: stateOf({ decision, endedAt, expiresAt: row.expiresAt }, now),
      pairs: new Set(pairs),
      echoes: echoes.get(row.exceptionId) ?? [],
    }))
    .filter(({ state }) => state !== 'expired');
}

async function loadEchoes(db: Db, organizationId: string, now: Date): Promise<Map<string, Echo[]>> {
  const rows = await db
    .selectFrom('vexEcho')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where((has) => has.or([has('expiresAt', 'is', null), has('expiresAt', '>', now)]))
    .orderBy('heardAt')
    .execute();
  const found = new Map<string, Echo[]>();
  for (const { exceptionId, key, document, query, comment, source, said, expiresAt } of rows) {
    const checks = new Map(said.map(([check, ids]) => [check, new Set(ids)]));
    const echo = { key: key.toString('hex'), document, query, comment, source: source as Echo['source'], checks, expiresAt }; // of documents alone
    found.set(exceptionId, [...(found.get(exceptionId) ?? []), echo]);
  }
  for (const own of found.values()) own.sort((a, b) => sizeOf(b) - sizeOf(a));
  return found;
}

function sizeOf({ checks }: Echo): number {
  return [...checks.values()].reduce((sum, { size }) => sum + size, 0);
}

/** Forgets what a document said besides an exception of another one. */
export async function forgetEchoes(tx: Db, key: Key, document: string): Promise<void> {
  const own = keyOf(key, document);
  await tx.deleteFrom('vexEcho').where('organizationId', '=', key.organizationId).where('key', '=', own).execute();
}

/** By which echoes of a document are known: one without a name by what it says. */
export function echoKey(key: Key, document: string | null, said: string): string {
  return keyOf(key, document ?? `says ${said}`).toString('hex');
}

/** So many of an exception are kept, the newest: many programs give a document another id each time they write it. */
const keptEchoes = 10;

/** Keeps what a document says with the exception that holds for it. */
export async function keepEcho(
  tx: Db,
  { organizationId, exceptionId }: { readonly organizationId: string; readonly exceptionId: string },
  { echo: { key, checks, ...echo }, heardAt }: { readonly echo: Echo; readonly heardAt: Date },
): Promise<void> {
  const said = JSON.stringify([...checks].map(([check, ids]) => [check, [...ids]]));
  await tx
    .insertInto('vexEcho')
    .values({ organizationId, exceptionId, key: Buffer.from(key, 'hex'), ...echo, said, heardAt })
    .onConflict((conflict) =>
      conflict.columns(['organizationId', 'exceptionId', 'key']).doUpdateSet((row) => ({
        query: row.ref('excluded.query'),
        comment: row.ref('excluded.comment'),
        said: row.ref('excluded.said'),
        expiresAt: row.ref('excluded.expiresAt'),
        heardAt: row.ref('excluded.heardAt'),
      })),
    )
    .execute();
  await sql`
    delete from vex_echo where organization_id = ${organizationId} and exception_id = ${exceptionId} and key not in (
      select key from vex_echo where organization_id = ${organizationId} and exception_id = ${exceptionId}
      order by heard_at desc, key limit ${keptEchoes})`.execute(tx);
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
  await tx
    .deleteFrom('vexEcho')
    .where('organizationId', '=', organizationId)
    .where('exceptionId', 'in', [...ids])
    .execute();
}

function keyOf({ assets }: Key, document: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([document, assets]))
    .digest();
}
