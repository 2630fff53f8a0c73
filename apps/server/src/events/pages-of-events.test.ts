import { randomUUID } from 'node:crypto';
import { type FleetEvent, SortDirection } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { withinScope } from '../db/asset-scope.ts';
import { AssetTable } from '../fleet-index/asset-table.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { type EventWish, findEvents } from './find-events.ts';
import { firstByName } from './first-by-name.ts';

const now = new Date('2026-11-22T12:00:00Z');
const organizationId = randomUUID();
const config = readConfig({});
let database: ThrowAwayDatabase;
let fleetIndex: FleetIndex;

beforeAll(async () => {
  database = await throwAwayDatabase();
  fleetIndex = new FleetIndex({ db: database.db, log: pino({ level: 'silent' }), clock: () => now });
  // Several of a name, some without one, silent at the same moments; agents that enrolled and were revoked at few moments.
  await sql`
    insert into asset (organization_id, id, hostname, machine_id, first_seen, last_seen)
    select ${organizationId}, gen_random_uuid(), case n % 5 when 0 then '' else 'host-' || n % 37 end, n, ${now},
      ${now}::timestamptz - interval '30 hours' - n % 4 * interval '1 second'
    from generate_series(1, 120) as n`.execute(database.db);
  await sql`
    insert into agent (organization_id, asset_id, id, public_key, version, activation_key_id, enrolled_at, revoked_at)
    select organization_id, id, id, id::text::bytea, '1', id, ${now}::timestamptz - number % 6 * interval '1 second',
      case when number % 3 = 0 then ${now}::timestamptz - interval '1 minute' end
    from asset where organization_id = ${organizationId} and number % 7 > 0`.execute(database.db);
  await sql`
    insert into release_event (organization_id, at, kind, version, asset_id, detail)
    select ${organizationId}, ${now}::timestamptz - interval '1 second' * n, 'rollout-started', '1', null, '{}' from generate_series(1, 9) as n`.execute(
    database.db,
  );
}, 60_000);
afterAll(async () => {
  await fleetIndex[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function pages(wish: Partial<EventWish>): Promise<FleetEvent[]> {
  const found: FleetEvent[] = [];
  for (let after: string | undefined; ;) {
    const page = await findEvents(
      { db: database.db, fleetIndex, clock: () => now, config },
      { organizationId, limit: 5000, offset: 0, buckets: 0, sort: 'at', direction: 'ascending', may: () => true, ...wish, after },
    );
    found.push(...page.items);
    if (page.next === null) return found;
    after = page.next;
  }
}

/** As they are sorted: those without a name last. */
function byName(events: readonly FleetEvent[]): FleetEvent[] {
  const name = ({ hostname }: FleetEvent): string => hostname || '~';
  return events.toSorted((a, b) => (name(a) === name(b) ? 0 : name(a) < name(b) ? -1 : 1));
}

describe.each(SortDirection.options)('pages of events, %s', (direction) => {
  it.each([3, 20, 45])('of %i hold together what one list holds: by time, by kind and by name', async (limit) => {
    const all = await pages({});
    const turned = (events: readonly FleetEvent[]) => (direction === 'ascending' ? events : events.toReversed());
    expect(all.length).toBeGreaterThan(250);
    expect(await pages({ limit, direction })).toEqual(turned(all));
    expect(await pages({ limit, direction, sort: 'hostname' })).toEqual(turned(byName(all)));
    const whole = await pages({ sort: 'kind', direction });
    expect(whole.map(({ kind }) => kind)).toEqual(
      turned(all.toSorted((a, b) => (a.kind < b.kind ? -1 : Number(a.kind > b.kind)))).map(({ kind }) => kind),
    );
    expect(await pages({ limit, direction, sort: 'kind' })).toEqual(whole);
  });

  it('by name hold what fits a query, and in a scope what is of its assets', async () => {
    const turned = (events: readonly FleetEvent[]) => (direction === 'ascending' ? events : events.toReversed());
    const all = byName(await pages({}));
    const wish = { sort: 'hostname' as const, direction, limit: 10 };
    const revoked = all.filter(({ status }) => status === 'revoked');
    expect(await pages({ ...wish, query: 'status:revoked' })).toEqual(turned(revoked));
    const assetIds = new Set(all.flatMap(({ assetId }, at) => (assetId !== null && at % 4 === 0 ? [assetId] : [])));
    const own = all.filter(({ assetId }) => assetId !== null && assetIds.has(assetId));
    expect(await withinScope({ organizationId, assetIds, key: direction }, () => pages(wish))).toEqual(turned(own));
  });
});

describe('the assets that come first by name', () => {
  const table = new AssetTable();
  const facts = { os: '', ecosystem: '', release: '', architecture: '', agentVersion: null, hasCheckedIn: false };
  for (const [number, hostname] of ['c', 'a', 'b', 'a', '', 'd'].entries())
    table.enter({ number, assetId: `${hostname}${number}`, hostname, pendingRestart: false, firstSeen: 0, ...facts });
  const all = ['c0', 'a1', 'b2', 'a3', '4', 'd5', 'gone'];

  it.each([
    ['all of a name', false, null, 1, ['a1', 'a3']],
    ['no more than fill the page', false, null, 3, ['a1', 'b2', 'a3']],
    ['those without a name first where the order is turned', true, null, 2, ['4', 'gone']],
    ['those of the name where the page begins, and as many behind it as fill the page', false, '0a', 1, ['a1', 'b2', 'a3']],
    ['the same in the turned order', true, '0c', 1, ['c0', 'b2']],
    ['all that is left', false, '0c', 9, ['c0', '4', 'd5', 'gone']],
  ])('are %s', (_, isTurned, value, limit, expected) => {
    const behind = value === null ? null : { value };
    expect(firstByName(table, all, { order: { by: 'hostname', isTurned }, behind, limit }).toSorted()).toEqual(
      expected.toSorted(),
    );
  });
});
