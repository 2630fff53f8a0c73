import { postureEcosystem, type QueryEntity } from '@vedette/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';

const shownValues = 12;

/** Of which table and column a field's values come. */
const sources: Readonly<Record<QueryEntity, Readonly<Record<string, readonly [table: string, column: string]>>>> = {
  asset: {
    hostname: ['asset', 'hostname'],
    os: ['asset', 'os'],
    ecosystem: ['asset', 'ecosystem'],
    release: ['asset', 'release'],
    architecture: ['asset', 'architecture'],
    agentVersion: ['agent', 'version'],
  },
  detection: { name: ['knowledge_check', 'name'], package: ['package_version', 'name'] },
  check: { name: ['knowledge_check', 'name'], package: ['statement', 'package'], ecosystem: ['statement', 'ecosystem'] },
  event: { package: ['package_version', 'name'], version: ['package_version', 'version'], name: ['knowledge_check', 'name'] },
  software: Object.fromEntries(
    ['name', 'version', 'source', 'ecosystem', 'release', 'architecture'].map((name) => [name, ['package_version', name]]),
  ),
};
/** Tables with an organization's own rows. */
const ownTables = new Set(['asset', 'agent']);
/** So many rows that begin as written are looked at: of a text of one letter there may be a hundred thousand. */
const lookedAt = 20_000;

/** A few values of a field that begin with the text, whatever the case; none for fields whose values are not kept as they are asked for. */
export async function findFieldValues(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  { organizationId, about, field, prefix }: { organizationId: string; about: QueryEntity; field: string; prefix: string },
): Promise<string[]> {
  const known = sources[about];
  const [table, column] = (Object.hasOwn(known, field) && known[field]) || [];
  if (table === undefined || column === undefined || prefix.includes('\0')) return [];
  const value = sql.ref(column);
  const pattern = `${prefix.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const begins = sql`lower(${value}) like ${pattern} and ${value} <> ''`;
  if (table === 'package_version') {
    const { rows } = await sql<{ id: number; value: string }>`
      select id, ${value} as value from package_version
      where ${begins} and ecosystem <> ${postureEcosystem} order by ${value} limit ${lookedAt}`.execute(db);
    const { packages } = await fleetIndex.current(organizationId);
    // What others have installed is theirs to know.
    return few(rows.filter(({ id }) => packages.countWithAny([id]) > 0));
  }
  const own = ownTables.has(table) ? sql`organization_id = ${organizationId}` : sql`true`;
  const { rows } = await sql<{ value: string }>`
    select distinct value from (
      select ${value} as value from ${sql.table(table)} where ${begins} and ${own} limit ${lookedAt}
    ) as looked_at
    order by value limit ${shownValues}`.execute(db);
  return few(rows);
}

function few(rows: readonly { readonly value: string }[]): string[] {
  return [...new Set(rows.map(({ value }) => value))].slice(0, shownValues);
}
