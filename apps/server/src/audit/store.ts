import {
  AuditChain,
  AuditEvent,
  type AuditFault,
  type AuditHead,
  type AuditSorting,
  type ChainedAuditEvent,
} from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { containing } from '../detections/like.ts';
import { ApiError } from '../http/api-error.ts';
import { byNewest, byText, findSorted, type SortedPart, type SortKey } from '../http/list-cursor.ts';
import { sha256 } from './append-audit.ts';

export interface AuditQuery extends SortedPart<AuditSorting> {
  readonly organizationId: string;
  readonly search?: string | undefined;
  /** By number and uncounted, whatever the order says. */
  readonly order?: 'newest' | 'oldest' | undefined;
}

export interface AuditPage {
  readonly total: number;
  readonly items: ChainedAuditEvent[];
  readonly next: string | number | null;
}

interface Row {
  readonly number: number;
  readonly body: string;
  readonly hash: Buffer;
}

/**
 * By what is in the text of an event, as canonical JSON has it: found there rather than parsed, so that a text which is no JSON does not
 * keep all others from being listed.
 */
const within = (pattern: string): SortKey[] => byText(sql`substring(body from ${pattern})`);
const number: SortKey[] = [{ by: sql`number`, type: 'integer', isDescending: true }];

const sortKeys: Readonly<Record<AuditSorting, readonly SortKey[]>> = {
  number,
  at: [...byNewest(sql`at`), ...number],
  login: [...within(String.raw`"login":"((?:[^"\\]|\\.)*)"`), ...number],
  action: [...byText(sql`action`), ...number],
  target: [...within(String.raw`"target":\{([^{}]*)\}\}$`), ...number],
  address: [...within(String.raw`"address":"((?:[^"\\]|\\.)*)"`), ...number],
  outcome: [...byText(sql`outcome`), ...number],
};

export async function findAuditEvents(db: Kysely<Database>, query: AuditQuery): Promise<AuditPage> {
  const { organizationId, search } = query;
  if (search?.includes('\0')) throw new ApiError('BAD_REQUEST', 'query.search: no text holds the character 0');
  const fitting = sql`
    select number, at, action, outcome, body, hash from audit_event
    where organization_id = ${organizationId} and ${search ? sql`body ilike ${containing(search)}` : sql`true`}`;
  if (query.order === undefined && query.sort !== 'number') {
    const { total, rows, next } = await findSorted<Row>(db, fitting, sortKeys[query.sort], query);
    return { total, items: rows.map(toEvent), next };
  }
  const isOldestFirst = query.order === undefined ? query.direction === 'descending' : query.order === 'oldest';
  const page = await findByNumber(db, fitting, { ...query, isOldestFirst });
  const total = query.order === undefined ? sql`count(*)::integer` : sql`greatest(coalesce(max(number), 0), 0)`;
  const { rows } = await sql<{ total: number }>`select ${total} as total from (${fitting}) as listed`.execute(db);
  return { ...page, total: rows[0]?.total ?? 0 };
}

/** By number the cursor is one: whoever follows the chain from its first event reads each once, however long it is. */
async function findByNumber(
  db: Kysely<Database>,
  fitting: RawBuilder<unknown>,
  { isOldestFirst, limit = 1000, offset = 0, after }: Pick<AuditQuery, 'limit' | 'offset' | 'after'> & { isOldestFirst: boolean },
): Promise<Pick<AuditPage, 'items' | 'next'>> {
  if (after !== undefined && !/^-?\d{1,15}$/.test(after))
    throw new ApiError('BAD_REQUEST', 'query.after: this is no cursor of this list in this order');
  const behind = isOldestFirst ? sql`number > ${after}::bigint` : sql`number < ${after}::bigint`;
  const { rows } = await sql<Row>`
    select number, body, hash from (${fitting}) as listed where ${after === undefined ? sql`true` : behind}
    order by number ${isOldestFirst ? sql`asc` : sql`desc`} limit ${limit + 1} offset ${offset}`.execute(db);
  const items = rows.slice(0, limit).map(toEvent);
  return { items, next: rows.length > limit ? (rows[limit - 1]?.number ?? null) : null };
}

/** Whoever wrote to the table by hand may have left what is no event: it is shown as one that no hash fits. */
function toEvent({ number, body, hash }: Row): ChainedAuditEvent {
  const event = parseBody(body);
  const shown = event?.number === number ? event : { ...damaged, ...event, number };
  return { ...shown, hash: hash.length === noHash.length ? hash.toString('hex') : noHash.toString('hex') };
}

function parseBody(body: string): AuditEvent | null {
  try {
    return AuditEvent.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null; // no JSON
  }
}

const noHash = Buffer.alloc(32);
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
  const all = sql`select number, body, hash from audit_event where organization_id = ${organizationId}`;
  for (let after: string | undefined = undefined; ;) {
    const page = await findByNumber(db, all, { isOldestFirst: true, after });
    for (const event of page.items) {
      const fault = chain.take(event);
      if (fault) return { head: chain.head, fault };
    }
    if (page.next === null) return { head: chain.head, fault: chain.end() };
    after = String(page.next);
  }
}
