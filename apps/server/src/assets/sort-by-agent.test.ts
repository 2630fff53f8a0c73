import { randomUUID } from 'node:crypto';
import { AgentStateName, type Asset, type SortDirection } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { withinScope } from '../db/asset-scope.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { type AssetQuery, findAssets } from './find-assets.ts';

const now = new Date('2026-11-20T12:00:00Z');
const { silence } = readConfig({});
/** In their order. */
const versions = ['', '1.9.0', '1.10.0-rc.1', '1.10.0'];
let database: ThrowAwayDatabase;
let fleetIndex: FleetIndex;
let organizationId = '';
let numbers: ReadonlyMap<string, number>;

beforeAll(async () => {
  database = await throwAwayDatabase();
  fleetIndex = new FleetIndex({ db: database.db, log: pino({ level: 'silent' }), clock: () => now });
}, 60_000);
afterAll(async () => {
  await fleetIndex[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** Assets with no agent, one, or several, some of these of one moment; most heard of today, with the same version and architecture. */
beforeEach(async () => {
  organizationId = randomUUID();
  await sql`
    insert into asset (organization_id, id, hostname, machine_id, architecture, first_seen, last_seen)
    select ${organizationId}, gen_random_uuid(), 'host-' || n % 7, n, case n % 9 when 0 then 'arm64' when 1 then '' else 'amd64' end, ${now},
      ${now}::timestamptz - (array[1, 3, 20, 80])[greatest(1, n % 12 - 7)] * interval '12 hours'
    from generate_series(1, 240) as n`.execute(database.db);
  await sql`
    insert into agent (organization_id, asset_id, id, public_key, version, activation_key_id, enrolled_at, last_check_in)
    select organization_id, asset.id, agent.id, agent.id::text::bytea,
      case when (number + n) % 5 = 0 then '1.9.0' when (number + n) % 7 = 0 then '1.10.0-rc.1' else '1.10.0' end, gen_random_uuid(),
      ${now}::timestamptz - (number * n) % 2 * interval '1 hour', case when (number + n) % 6 > 0 then last_seen end
    from asset cross join lateral (
      select n, gen_random_uuid() as id from generate_series(1, (array[1, 2, 1, 3, 0])[number % 5 + 1]) as n
    ) as agent
    where organization_id = ${organizationId}`.execute(database.db);
  const rows = await database.db
    .selectFrom('asset')
    .select(['id', 'number'])
    .where('organizationId', '=', organizationId)
    .execute();
  numbers = new Map(rows.map(({ id, number }) => [id, number]));
});

const sortings = ['state', 'agentVersion', 'architecture'] as const;
const valueOf: Readonly<Record<Order, (asset: Asset) => string | number>> = {
  state: ({ state }) => AgentStateName.options.indexOf(state),
  agentVersion: ({ agentVersion }) => versions.indexOf(agentVersion),
  architecture: ({ architecture }) => architecture,
};
type Order = (typeof sortings)[number];

async function pages(wish: Partial<AssetQuery>, between: () => Promise<unknown> = async () => undefined): Promise<Asset[]> {
  const found: Asset[] = [];
  for (let after: string | null | undefined; after !== null;) {
    const query = { organizationId, silence, now, limit: 50, offset: 0, ...wish, after };
    const page = await findAssets({ db: database.db, fleetIndex }, query);
    found.push(...page.items);
    after = page.next;
    if (after !== null) await between();
  }
  return found;
}

/** What assets say of themselves, sorted plainly. */
function sorted(assets: readonly Asset[], order: Order, direction: SortDirection): string[] {
  const keys = (asset: Asset) => [valueOf[order](asset), asset.hostname, numbers.get(asset.assetId) ?? 0] as const;
  const all = assets.toSorted((a, b) => {
    const [one, other] = [keys(a), keys(b)];
    const at = one.findIndex((key, place) => key !== other[place]);
    return (one[at] ?? 0) < (other[at] ?? 0) ? -1 : 1;
  });
  return (direction === 'descending' ? all.toReversed() : all).map(({ assetId }) => assetId);
}

const ids = (assets: readonly Asset[]): string[] => assets.map(({ assetId }) => assetId);

describe.each(sortings)('assets sorted by %s', (sort) => {
  it('come in the order of what each says of itself, page by page', async () => {
    const all = await pages({});
    expect(new Set(all.map(valueOf[sort])).size).toBeGreaterThan(2);
    const wish = fc.record({
      direction: fc.constantFrom('ascending' as const, 'descending' as const),
      limit: fc.integer({ min: 5, max: 300 }),
    });
    const property = fc.asyncProperty(wish, async ({ direction, limit }) => {
      expect(ids(await pages({ sort, direction, limit }))).toEqual(sorted(all, sort, direction));
    });
    await fc.assert(property, { numRuns: 6 });
  });

  it('are those of a scope alone', async () => {
    const own = (await pages({})).filter((_, at) => at % 3 === 0);
    const scope = { organizationId, assetIds: new Set(ids(own)), key: `${sort} ${organizationId}` };
    expect(ids(await withinScope(scope, () => pages({ sort, limit: 20 })))).toEqual(sorted(own, sort, 'ascending'));
  });

  it('are told once each while others enroll between the pages', async () => {
    const before = await pages({});
    const enroll = () => {
      const row = {
        organizationId,
        id: randomUUID(),
        hostname: 'host-3',
        machineId: '',
        firstSeen: now,
        lastSeen: now,
        lastScan: null,
      };
      return database.db.insertInto('asset').values(row).execute();
    };
    const found = ids(await pages({ sort, limit: 30 }, enroll));
    expect(new Set(found).size).toBe(found.length);
    const known = new Set(ids(before));
    expect(found.filter((id) => known.has(id))).toEqual(sorted(before, sort, 'ascending'));
  });
});

it.each(['enrolling', 'active', 'silent', 'stale', 'archived'] as const)(
  '%s are those that say so, by filter and by query',
  async (state) => {
    const all = ids((await pages({})).filter((asset) => asset.state === state)).toSorted();
    expect(all).not.toEqual([]);
    expect(ids(await pages({ state })).toSorted()).toEqual(all);
    expect(ids(await pages({ query: `state:${state}` })).toSorted()).toEqual(all);
  },
);

it.each(['1.9.0', '1.10.0', ''])('those with version "%s" of the agent are found by it', async (version) => {
  const all = ids((await pages({})).filter(({ agentVersion }) => agentVersion === version)).toSorted();
  expect(all).not.toEqual([]);
  const query = version === '' ? 'not agentVersion:*' : `agentVersion:${version}`;
  expect(ids(await pages({ query })).toSorted()).toEqual(all);
});

it('an asset that is upgraded, or heard of for the first time, is so in the next question', async () => {
  // Of two agents of one moment the larger id decides, a random one: of the others there are some in any case.
  const [asset] = (await pages({ state: 'enrolling', query: 'agentVersion:* and not agentVersion:1.10.0' })).map(
    ({ assetId }) => assetId,
  );
  const agents = database.db.updateTable('agent').where('assetId', '=', asset ?? '');
  await agents.set({ version: '1.10.0', lastCheckIn: now }).execute();
  expect(ids(await pages({ state: 'enrolling' }))).not.toContain(asset);
  expect(ids(await pages({ state: 'active', query: 'agentVersion:1.10.0' }))).toContain(asset);
});
