import { AgentStateName, type AssetSorting, type SilenceLimits } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { AssetTable } from '../fleet-index/asset-table.ts';
import { parseNumbers } from '../fleet-index/read-histories.ts';
import { versionText } from '../software/version-text.ts';
import { assetStateSql } from './asset-state.ts';

/** By what the database alone can sort, too; but few values are shared by all assets, so that the first of them are thousands. */
export type SharedSorting = Extract<AssetSorting, 'state' | 'agentVersion' | 'architecture'>;

/** So much of a text decides about its place: a cursor goes into an address. */
const sortedLength = 100;

/** A value and the numbers of the assets that have it. */
export interface SharedValue {
  readonly value: string;
  readonly numbers: readonly number[];
}

interface SharedWish {
  readonly organizationId: string;
  readonly sort: SharedSorting;
  readonly now: Date;
  readonly silence: SilenceLimits;
}

export function isShared(sort: AssetSorting): sort is SharedSorting {
  return sort === 'state' || sort === 'agentVersion' || sort === 'architecture';
}

/** Each value with the numbers of the assets that have it: a hundred thousand rows would take several times as long to read. */
export async function loadSharedValues(
  db: Kysely<Database>,
  { organizationId, ...wish }: SharedWish,
): Promise<readonly SharedValue[]> {
  const { rows } = await sql<{ value: string; numbers: string }>`
    select value, array_agg(number)::text as numbers from (
      select asset.number, ${valueSql(wish)} as value from asset
      ${wish.sort === 'architecture' ? sql`` : newestAgent(organizationId)}
      where asset.organization_id = ${organizationId}
    ) as valued group by value`.execute(db);
  return rows.map(({ value, numbers }) => ({ value: placeOf(wish.sort, value), numbers: parseNumbers(numbers) }));
}

function valueSql({ sort, now, silence }: Omit<SharedWish, 'organizationId'>): RawBuilder<unknown> {
  if (sort === 'state') return assetStateSql(now, silence, sql`agent.last_check_in is not null`);
  return sort === 'architecture' ? sql`left(asset.architecture, ${sortedLength})` : sql`coalesce(agent.version, '')`;
}

function newestAgent(organizationId: string): RawBuilder<unknown> {
  return sql`left join (
    select distinct on (asset_id) asset_id, version, last_check_in from agent where organization_id = ${organizationId}
    order by asset_id, enrolled_at desc
  ) as agent on agent.asset_id = asset.id`;
}

/** A text that compares as the list shall: states as they follow each other, versions as such, and none before all others. */
function placeOf(sort: SharedSorting, value: string): string {
  if (sort === 'state') return `${AgentStateName.options.findIndex((name) => name === value)}`;
  return sort === 'agentVersion' && value !== '' ? versionText({ ecosystem: 'npm', version: value }) : value;
}

/** The values by dense numbers of an index. */
export function spreadValues(table: AssetTable, shared: readonly SharedValue[]): (asset: number) => string {
  const places = new Uint32Array(table.assets.length);
  const values = [''];
  for (const { value, numbers } of shared) {
    const place = values.push(value) - 1;
    for (const number of numbers) {
      const asset = table.find(number);
      if (asset !== undefined) places[asset] = place;
    }
  }
  return (asset) => values[places[asset] ?? 0] ?? '';
}
