import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { Advisory, KnowledgeInput, Vulnerability } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** What a feed said last, kept so that a feed that fails today still counts with what it said yesterday. */
export interface StoredInput {
  readonly advisories: readonly Advisory[];
  readonly vulnerabilities: readonly Vulnerability[];
}

export async function saveInput(db: Kysely<Database>, feed: string, { advisories, vulnerabilities }: StoredInput): Promise<void> {
  const body = await compress(JSON.stringify({ advisories, vulnerabilities }));
  await db
    .insertInto('knowledgeInput')
    .values({ feed, body })
    .onConflict((conflict) => conflict.column('feed').doUpdateSet({ body }))
    .execute();
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
    inputs.push({ ...stored, origins: [] });
  }
  return inputs;
}

export interface FeedStateRow {
  readonly feed: string;
  readonly location: string;
  readonly records: number;
  readonly retrievedAt: Date;
  readonly sha256: string;
}

export async function saveFeedState(db: Kysely<Database>, state: FeedStateRow): Promise<void> {
  const values = { ...state, problem: null };
  await db
    .insertInto('feedState')
    .values(values)
    .onConflict((conflict) => conflict.column('feed').doUpdateSet(values))
    .execute();
}

/** Notes why a feed brought nothing; what it brought before stays as it is. */
export async function saveFeedProblem(db: Kysely<Database>, feed: string, problem: string): Promise<void> {
  await db
    .insertInto('feedState')
    .values({ feed, location: '', records: 0, retrievedAt: null, sha256: '', problem })
    .onConflict((conflict) => conflict.column('feed').doUpdateSet({ problem }))
    .execute();
}
