import { createHash } from 'node:crypto';
import { type AuditEvent, auditGenesis, auditHash, type AuditHead, canonicalJson } from '@vedette/protocol';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';

export type NewAuditEvent = Omit<AuditEvent, 'number' | 'at' | 'organizationId'> & { readonly organizationId: string };

export function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** Adds an event at the end of its organization's chain. Returns the new head. */
export async function appendAudit(db: Kysely<Database>, event: NewAuditEvent, now: Date): Promise<AuditHead> {
  return db.transaction().execute((transaction) => appendWithin(transaction, event, now));
}

/** The same as the last thing that a transaction does: until it ends, nobody else of the organization gets on. */
export async function appendWithin(transaction: Transaction<Database>, event: NewAuditEvent, now: Date): Promise<AuditHead> {
  const { organizationId } = event;
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
}
