import type { AgentStateName, SilenceLimits } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { AssetTable } from '../fleet-index/asset-table.ts';
import { silenceSql } from './asset-state.ts';

/** The state of an asset by its dense number. */
export type StateOf = (asset: number) => AgentStateName;

interface StateScope {
  readonly organizationId: string;
  readonly asOf: Date;
  readonly silence: SilenceLimits;
}

/** Assets in one state by their numbers, four bytes each: as a list PostgreSQL would take several times as long to send them. */
interface SilentAssets {
  readonly state: 'silent' | 'stale' | 'archived';
  readonly numbers: Buffer;
}

const numberBytes = 4;

/** Asks who is silent, which check-ins alone tell; whether the others have checked in at all the index knows. */
export async function prepareStates(
  db: Kysely<Database>,
  { organizationId, asOf, silence }: StateScope,
): Promise<(table: AssetTable) => StateOf> {
  const { rows } = await sql<SilentAssets>`
    select state, string_agg(int4send(number), '') as numbers from (
      select number, ${silenceSql(asOf, silence)} as state from asset where organization_id = ${organizationId}
    ) as known
    where state is not null group by state`.execute(db);
  return (table) => {
    const places = new Uint8Array(table.assets.length);
    for (const [at, { numbers }] of rows.entries()) {
      for (let byte = 0; byte < numbers.length; byte += numberBytes) {
        const asset = table.find(numbers.readInt32BE(byte));
        if (asset !== undefined) places[asset] = at + 1;
      }
    }
    return (asset) => rows[(places[asset] ?? 0) - 1]?.state ?? (table.assets[asset]?.hasCheckedIn ? 'active' : 'enrolling');
  };
}
