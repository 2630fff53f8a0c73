import type { ReportDeadlines, ReportScope } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { loadDeadlines } from '../history/deadlines.ts';

/** Days until what is known to be exploited has to be fixed, where nobody says otherwise; CISA gives agencies two weeks for most. */
const usualKnownExploited = 14;

/** A wish with the deadlines that it is held against: written down with it, because those of the organization change. */
export async function withDeadlines<Wish extends ReportScope>(
  db: Kysely<Database>,
  organizationId: string,
  wish: Wish,
): Promise<Wish> {
  if (wish.kind !== 'compliance' || wish.deadlines) return wish;
  return { ...wish, deadlines: await reportDeadlines(db, organizationId) };
}

export async function reportDeadlines(db: Kysely<Database>, organizationId: string): Promise<ReportDeadlines> {
  return { ...(await loadDeadlines(db, organizationId)), knownExploited: usualKnownExploited };
}
