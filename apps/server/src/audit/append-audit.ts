import { createHash } from 'node:crypto';
import { type AuditEvent, auditGenesis, auditHash, canonicalJson } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

export type NewAuditEvent = Omit<AuditEvent, 'number' | 'at' | 'organizationId'> & { readonly organizationId: string };

export function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** Adds an event at the end of its organization's chain. Returns the new head. */
export async function appendAudit(
  db: Kysely<Database>,
  event: NewAuditEvent,
  now: Date,
): Promise<{ readonly number: number; readonly hash: string }> {
  const { organizationId } = event;
  return db.transaction().execute(async (transaction) => {
    // One after the other: each holds the hash of the one before.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`audit ${organizationId}`}, 0))`.execute(transaction);
    const last = await transaction
      .selectFrom('auditEvent')
      .select(['number', 'hash'])
      .where('organizationId', '=', organizationId)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    const number = (last?.number ?? 0) + 1;
    const body = canonicalJson({ ...event, number, at: now.toISOString() });
    const hash = auditHash(last?.hash.toString('hex') ?? auditGenesis, body, sha256);
    const { action, outcome } = event;
    await transaction
      .insertInto('auditEvent')
      .values({ organizationId, number, at: now, action, outcome, body, hash: Buffer.from(hash, 'hex') })
      .execute();
    return { number, hash };
  });
}
