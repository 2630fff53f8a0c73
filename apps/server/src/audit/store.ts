import {
  AuditChain,
  AuditEvent,
  type AuditFault,
  type AuditHead,
  type AuditSorting,
  type ChainedAuditEvent,
} from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { containing } from '../detections/like.ts';
import { ApiError } from '../http/api-error.ts';
import { byNewest, byText, findSorted, type SortedPart, type SortKey } from '../http/list-cursor.ts';
import { sha256 } from './append-audit.ts';

export interface AuditQuery extends SortedPart<AuditSorting> {
  readonly organizationId: string;
  readonly search?: string | undefined;
}

export interface AuditPage {
  readonly total: number;
  readonly items: ChainedAuditEvent[];
  readonly next: string | null;
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
  const { total, rows, next } = await findSorted<Row>(db, fitting, sortKeys[query.sort], query);
  return { total, items: rows.map(toEvent), next };
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
  for (let after: string | undefined = undefined; ;) {
    const part = { sort: 'number', direction: 'descending', limit: 1000, after } as const;
    const page: AuditPage = await findAuditEvents(db, { organizationId, ...part });
    for (const event of page.items) {
      const fault = chain.take(event);
      if (fault) return { head: chain.head, fault };
    }
    if (page.next === null) return { head: chain.head, fault: chain.end() };
    after = page.next;
  }
}
