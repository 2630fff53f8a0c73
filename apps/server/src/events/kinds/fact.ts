import { type FactName, type FactRow, facts } from '@vedette/protocol';
import { sql } from 'kysely';
import { z } from 'zod';
import { FactBases, unpack } from '../../inventory/fact-bases.ts';
import { readChangeText } from '../../inventory/fact-text.ts';
import { storedKey } from '../../inventory/row-change.ts';
import type { EventRow, EventScope, EventSources } from '../event-kind.ts';
import { sqlKind } from '../sql-kind.ts';

/** So many rows are named. */
const shown = 3;

/**
 * Whatever else agents report: accounts, services, interfaces … One event for each document that changed something; which rows came and
 * went is unpacked for the events that are shown, and named in their text.
 */
export const factEvents = sqlKind({
  name: 'fact',
  needs: 'asset:read',
  relation: ({ organizationId, from, to }) => sql`
    select fact_change.at, fact_change.asset_id || ' ' || collector || ' ' || lpad(sequence::text, 10, '0') as key,
      collector || ' ' || sequence as ref, case when sequence = 1 then 'reported' else 'changed' end as status, null::text as cause,
      fact_change.asset_id, asset.number as asset_number, asset.hostname, collector, null::text as package, null::text as version,
      null::text as previous, null::integer as check_number, null::text as name, null::integer as severity,
      jsonb_build_object('sequence', sequence) as detail
    from fact_change
    left join asset on asset.organization_id = fact_change.organization_id and asset.id = fact_change.asset_id
    where fact_change.organization_id = ${organizationId} and fact_change.at >= ${from} and fact_change.at < ${to}`,
  describe: describeChanges,
});

interface StoredChange {
  readonly assetId: string;
  readonly collector: string;
  readonly sequence: number;
  readonly factBase: number | null;
  readonly packed: Buffer | null;
  readonly added: readonly FactRow[] | null;
  readonly removed: readonly string[] | null;
}

async function describeChanges(
  { db }: EventSources,
  { organizationId }: EventScope,
  rows: readonly EventRow[],
): Promise<string[]> {
  if (rows.length === 0) return [];
  const { rows: stored } = await sql<StoredChange>`
    select asset_id, collector, sequence, fact_base, packed, added, removed
    from unnest(
      ${rows.map(({ assetId }) => assetId)}::uuid[], ${rows.map(({ collector }) => collector)}::text[],
      ${rows.map(({ detail }) => detail?.['sequence'])}::integer[], ${rows.map(({ at }) => new Date(at))}::timestamptz[]
    ) as wanted (asset_id, collector, sequence, at)
    join fact_change using (asset_id, collector, sequence, at)
    where organization_id = ${organizationId}`.execute(db);
  const bases = await new FactBases(db).load(stored.map(({ factBase }) => factBase));
  const texts = new Map(stored.map((one) => [`${one.assetId} ${one.collector} ${one.sequence}`, inWords(one, bases)]));
  return rows.map(({ assetId, collector, detail }) => texts.get(`${assetId} ${collector} ${String(detail?.['sequence'])}`) ?? '');
}

function inWords(change: StoredChange, bases: Parameters<typeof unpack>[1]): string {
  const { collector, sequence } = change;
  const { added, removed } = readChange(change, bases);
  const columns = facts[collector as FactName].key;
  const before = new Set(removed);
  const came: string[] = [];
  const other: string[] = [];
  for (const row of added) {
    const key = storedKey(row, columns);
    (before.delete(key) ? other : came).push(key);
  }
  if (sequence === 1) return `${collector}: ${added.length} reported`;
  const parts = [named('came', came), named('changed', other), named('gone', [...before])].filter((part) => part !== '');
  return `${collector}: ${parts.join('; ')}`;
}

function readChange(
  { factBase, packed, added, removed }: StoredChange,
  bases: Parameters<typeof unpack>[1],
): { readonly added: readonly FactRow[]; readonly removed: readonly string[] } {
  if (packed) return readChangeText(unpack({ base: factBase, bytes: packed }, bases));
  return { added: added ?? [], removed: removed ?? [] }; // as releases before the packing wrote them
}

function named(what: string, keys: readonly string[]): string {
  if (keys.length === 0) return '';
  const names = keys
    .slice(0, shown)
    .map(nameOf)
    .filter((name) => name !== '');
  const more = keys.length > shown ? ` and ${keys.length - shown} more` : '';
  return names.length === 0 ? what : `${names.join(', ')}${more} ${what}`;
}

/** The values of a key, which is a list as JSON, or for a long one its beginning. */
function nameOf(key: string): string {
  try {
    const values = KeyValues.parse(JSON.parse(key));
    return values
      .filter((value) => value !== null && value !== '')
      .join(' ')
      .slice(0, nameChars);
  } catch {
    return key.slice(0, nameChars);
  }
}

const nameChars = 80;
const KeyValues = z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]));
