import { AgentStateName, type AssetSorting, type SilenceLimits } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { AssetTable } from '../fleet-index/asset-table.ts';
import { versionText } from '../software/version-text.ts';
import { assetStateSql } from './asset-state.ts';

/** By what the database alone can sort, too; but few values are shared by all assets, so that the first of them are thousands. */
export type SharedSorting = Extract<AssetSorting, 'state' | 'agentVersion' | 'architecture'>;

/** So much of a text decides about its place: a cursor goes into an address. */
const sortedLength = 100;
const numberBytes = 4;

/** A value and the numbers of the assets that have it, four bytes each: as a list PostgreSQL would take several times as long to send them. */
export interface SharedValue {
  readonly value: string;
  readonly numbers: Buffer;
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
  const { rows } = await sql<SharedValue>`
    select value, string_agg(int4send(number), '') as numbers from (
      select asset.number, (${valueSql(wish)}) collate "C" as value from asset
      ${wish.sort === 'architecture' ? sql`` : newestAgent}
      where asset.organization_id = ${organizationId}
    ) as valued group by value`.execute(db);
  return rows.map(({ value, numbers }) => ({ value: placeOf(wish.sort, value), numbers }));
}

function valueSql({ sort, now, silence }: Omit<SharedWish, 'organizationId'>): RawBuilder<unknown> {
  if (sort === 'state') return assetStateSql(now, silence, sql`agent.last_check_in is not null`);
  return sort === 'architecture' ? sql`left(asset.architecture, ${sortedLength})` : sql`coalesce(agent.version, '')`;
}

const newestAgent = sql`left join agent on agent.organization_id = asset.organization_id and agent.asset_id = asset.id and not exists (
  select from agent as later
  where later.organization_id = agent.organization_id and later.asset_id = agent.asset_id
    and (later.enrolled_at, later.id) > (agent.enrolled_at, agent.id))`;

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
    for (let at = 0; at < numbers.length; at += numberBytes) {
      const asset = table.find(numbers.readInt32BE(at));
      if (asset !== undefined) places[asset] = place;
    }
  }
  return (asset) => values[places[asset] ?? 0] ?? '';
}
