import { hash } from 'node:crypto';
import { evidenceTexts, type Verdict } from '@vedette/matching';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

export interface RecordedEvidence {
  readonly consideredId: number;
  /** SHA-256 of the canonical text of the record. */
  readonly hash: Buffer;
}

export function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/**
 * Stores what these verdicts rest on, in their order. Of a record only the statements are stored, once for all verdicts that considered the
 * same; what was judged is the package version, what followed is the verdict, and the hash holds the three together (adr/0008).
 */
export async function recordEvidence(tx: Kysely<Database>, verdicts: readonly Verdict[]): Promise<RecordedEvidence[]> {
  const texts = verdicts.map(evidenceTexts);
  const hashes = new Map([...new Set(texts.map(({ statements }) => statements))].map((text) => [text, sha256(text)]));
  const ids = await considered(tx, hashes);
  return texts.map(({ record, statements }) => {
    const consideredId = ids.get(statements);
    if (consideredId === undefined) throw new Error('the statements just entered are not there');
    return { consideredId, hash: sha256(record) };
  });
}

async function considered(tx: Kysely<Database>, hashes: ReadonlyMap<string, Buffer>): Promise<Map<string, number>> {
  if (hashes.size === 0) return new Map();
  // In one order whoever enters them: two that bring the same at once would otherwise wait for each other.
  const ordered = [...hashes].sort(([, a], [, b]) => Buffer.compare(a, b));
  await sql`
    insert into considered (hash, statements)
    select * from unnest(${ordered.map(([, hash]) => hash)}::bytea[], ${ordered.map(([text]) => text)}::text[]) as new (hash, statements)
    where not exists (select from considered where considered.hash = new.hash)
    order by hash
    on conflict (hash) do nothing`.execute(tx);
  const rows = await tx
    .selectFrom('considered')
    .select(['id', 'hash'])
    .where('hash', '=', sql<Buffer>`any(${[...hashes.values()]}::bytea[])`)
    .execute();
  const byHash = new Map(rows.map(({ id, hash }) => [hash.toString('hex'), id]));
  return new Map(
    ordered.flatMap(([text, hash]) => {
      const id = byHash.get(hash.toString('hex'));
      return id === undefined ? [] : [[text, id] as const];
    }),
  );
}
