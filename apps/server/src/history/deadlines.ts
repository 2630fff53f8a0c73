import { type Deadlines, severities, type Severity, severityNames } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';

/** Where nobody has chosen. */
export const usualDeadlines: Deadlines = { critical: 7, high: 14, medium: 30, low: null, informational: null };

export async function loadDeadlines(db: Kysely<Database>, organizationId: string): Promise<Deadlines> {
  const rows = await db
    .selectFrom('deadline')
    .select(['severity', 'days'])
    .where('organizationId', '=', organizationId)
    .execute();
  const chosen = rows.map(({ severity, days }) => [severityNames[severity as Severity], days]); // as the table checks it
  return { ...usualDeadlines, ...Object.fromEntries(chosen) };
}

export async function saveDeadlines(
  db: Kysely<Database>,
  { organizationId, deadlines }: { readonly organizationId: string; readonly deadlines: Deadlines },
): Promise<void> {
  const rows = severities.map((severity) => ({ organizationId, severity, days: deadlines[severityNames[severity]] }));
  await db
    .insertInto('deadline')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['organizationId', 'severity']).doUpdateSet((is) => ({ days: is.ref('excluded.days') })),
    )
    .execute();
}
