import { AuditChain, AuditEvent, type AuditFault, type AuditHead, type ChainedAuditEvent } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { containing } from '../detections/like.ts';
import { sha256 } from './append-audit.ts';

export interface AuditQuery {
  readonly organizationId: string;
  readonly limit: number;
  readonly order: 'newest' | 'oldest';
  readonly after?: number | undefined;
  readonly search?: string | undefined;
}

export interface AuditPage {
  readonly total: number;
  readonly items: ChainedAuditEvent[];
  readonly next: number | null;
}

interface Row {
  readonly number: number;
  readonly body: string;
  readonly hash: Buffer;
}

export async function findAuditEvents(db: Kysely<Database>, query: AuditQuery): Promise<AuditPage> {
  const { organizationId, limit, order, after, search } = query;
  const fitting = sql`organization_id = ${organizationId} and ${search ? sql`body ilike ${containing(search)}` : sql`true`}`;
  const behind = after === undefined ? sql`true` : order === 'newest' ? sql`number < ${after}` : sql`number > ${after}`;
  const { rows } = await sql<Row>`
    select number, body, hash from audit_event where ${fitting} and ${behind}
    order by number ${sql.raw(order === 'newest' ? 'desc' : 'asc')} limit ${limit + 1}`.execute(db);
  const counted = await sql<{ total: number }>`select count(*)::integer as total from audit_event where ${fitting}`.execute(db);
  const items = rows.slice(0, limit).map(toEvent);
  return { total: counted.rows[0]?.total ?? 0, items, next: rows.length > limit ? (items.at(-1)?.number ?? null) : null };
}

/** Whoever wrote to the table by hand may have left what is no event: it is shown as one that no hash fits. */
function toEvent({ number, body, hash }: Row): ChainedAuditEvent {
  const event = parseBody(body);
  return { ...(event?.number === number ? event : { ...damaged, ...event, number }), hash: hash.toString('hex') };
}

function parseBody(body: string): AuditEvent | null {
  try {
    return AuditEvent.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null; // no JSON
  }
}

const damaged = AuditEvent.parse({
  organizationId: '00000000-0000-0000-0000-000000000000',
  number: 1,
  at: '1970-01-01T00:00:00.000Z',
  action: 'damaged',
  outcome: 'failed',
  actor: { userId: null, login: '', via: '', address: '', userAgent: '' },
  target: {},
  detail: {},
});

/** Follows the whole chain of an organization. `kept`: a head that was noted earlier. */
export async function verifyAudit(
  db: Kysely<Database>,
  organizationId: string,
  kept: AuditHead | null,
): Promise<{ readonly head: AuditHead; readonly fault: AuditFault | null }> {
  const chain = new AuditChain(sha256, kept);
  for (let after: number | undefined = undefined; ;) {
    const page: AuditPage = await findAuditEvents(db, { organizationId, limit: 1000, order: 'oldest', after });
    for (const event of page.items) {
      const fault = chain.take(event);
      if (fault) return { head: chain.head, fault };
    }
    if (page.next === null) return { head: chain.head, fault: chain.end() };
    after = page.next;
  }
}
