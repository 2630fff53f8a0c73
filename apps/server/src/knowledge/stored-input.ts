import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { Advisory, KnowledgeInput, Lifecycle, Vulnerability } from '@vedette/protocol';
import { type Kysely, type Selectable, sql, type Updateable } from 'kysely';
import type { Database } from '../db/schema.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** What a feed said last, kept so that a feed that fails today still counts with what it said yesterday. */
export interface StoredInput {
  readonly advisories: readonly Advisory[];
  readonly vulnerabilities: readonly Vulnerability[];
  /** How long releases are looked after; only of feeds that say so. */
  readonly lifecycles?: readonly Lifecycle[];
}

/** What a feed said, as it is stored. */
export async function packInput({ advisories, vulnerabilities, lifecycles }: StoredInput): Promise<Buffer> {
  return compress(JSON.stringify({ advisories, vulnerabilities, lifecycles }));
}

/** Returns which transaction wrote it: names this writing of the feed's input. */
export async function saveInput(db: Kysely<Database>, feed: string, packed: Uint8Array): Promise<string> {
  const body = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const { writer } = await db
    .insertInto('knowledgeInput')
    .values({ feed, body })
    .onConflict((conflict) => conflict.column('feed').doUpdateSet({ body }))
    .returning(sql<string>`xmin::text`.as('writer'))
    .executeTakeFirstOrThrow();
  return writer;
}

/** Whether a feed ever said anything. */
export async function hasInput(db: Kysely<Database>, feed: string): Promise<boolean> {
  return (await db.selectFrom('knowledgeInput').select('feed').where('feed', '=', feed).executeTakeFirst()) !== undefined;
}

/** SHA-256 of what is stored of a feed, which need not be sent for that; null for a feed that never said anything. */
export async function hashInput(db: Kysely<Database>, feed: string): Promise<Buffer | null> {
  const { rows } = await sql<{ hash: Buffer }>`
    select sha256(body) as hash from knowledge_input where feed = ${feed}`.execute(db);
  return rows[0]?.hash ?? null;
}

/** As packInput made it; null for a feed that never said anything. */
export async function loadPackedInput(db: Kysely<Database>, feed: string): Promise<Buffer | null> {
  const row = await db.selectFrom('knowledgeInput').select('body').where('feed', '=', feed).executeTakeFirst();
  return row?.body ?? null;
}

/** All stored inputs of these feeds, in this order; those never stored are passed over. */
export async function loadInputs(db: Kysely<Database>, feeds: readonly string[]): Promise<KnowledgeInput[]> {
  const rows = await db
    .selectFrom('knowledgeInput')
    .selectAll()
    .where('feed', '=', sql<string>`any(${[...feeds]})`)
    .execute();
  const inputs: KnowledgeInput[] = [];
  for (const row of rows.sort((a, b) => feeds.indexOf(a.feed) - feeds.indexOf(b.feed))) {
    const stored = JSON.parse((await decompress(row.body)).toString('utf8')) as StoredInput; // Our own writing.
    inputs.push({ advisories: stored.advisories, vulnerabilities: stored.vulnerabilities, origins: [] });
  }
  return inputs;
}

/** What the feeds say of support periods; none before such a feed was read. */
export async function loadLifecycles(db: Kysely<Database>): Promise<readonly Lifecycle[]> {
  const row = await db.selectFrom('knowledgeInput').select('body').where('feed', '=', 'end-of-life').executeTakeFirst();
  if (!row) return [];
  const { lifecycles } = JSON.parse((await decompress(row.body)).toString('utf8')) as StoredInput; // Our own writing.
  return lifecycles ?? [];
}

export type FeedStateRow = Selectable<Database['feedState']>;
type FeedStateChange = Updateable<Database['feedState']> & { readonly feed: string };

export async function loadFeedState(db: Kysely<Database>, feed: string): Promise<FeedStateRow | null> {
  return (await db.selectFrom('feedState').selectAll().where('feed', '=', feed).executeTakeFirst()) ?? null;
}

/** Notes what is known of a feed now; what is left out stays as it is. */
export async function saveFeedState(db: Kysely<Database>, { feed, ...change }: FeedStateChange): Promise<void> {
  await db
    .insertInto('feedState')
    .values({ feed, location: '', records: 0, sha256: '', ...change })
    .onConflict((conflict) => conflict.column('feed').doUpdateSet(change))
    .execute();
}
