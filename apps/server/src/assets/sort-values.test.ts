import { randomUUID } from 'node:crypto';
import { AssetSorting, type SortDirection } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { type AssetQuery, findAssets } from './find-assets.ts';
import { firstCount, isStored, type StoredSorting } from './sort-values.ts';

const organizationId = randomUUID();
const now = new Date('2026-11-20T12:00:00Z');
const hour = 3600 * 1000;
const dayAgo = new Date(now.getTime() - 24 * hour);
const { silence } = readConfig({});
const sortings = AssetSorting.options.filter(isStored);
/** More than are asked for at once, so that a page may lie behind the first ones. */
const fleet = Math.ceil(firstCount * 1.5);
let database: ThrowAwayDatabase;
let fleetIndex: FleetIndex;

beforeAll(async () => {
  database = await throwAwayDatabase();
  fleetIndex = new FleetIndex({ db: database.db, log: pino({ level: 'silent' }), clock: () => now });
  // One of another organization, which is in no list.
  await insertAssets(randomUUID(), 1);
  await insertAssets(organizationId, fleet);
}, 60_000);
afterAll(async () => {
  await fleetIndex[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function insertAssets(owner: string, count: number): Promise<void> {
  await sql`
    insert into asset (organization_id, id, hostname, machine_id, os, packages, first_seen, last_seen, last_scan, pending_restart)
    select ${owner}, gen_random_uuid(), 'host-' || n % 7 || '-' || n % 90, n, 'os' || n % 3, n % 5, ${now}::timestamptz - n % 40 * interval '1 hour', ${now}, null, n % 50 = 0
    from generate_series(1, ${count}) as n`.execute(database.db);
}

/** Check-ins of all assets at few or many moments, some of them never scanned: `seed` decides. */
async function checkIn(seed: number, moments: number): Promise<void> {
  // Microseconds decide, too: a moment of JavaScript would not tell them apart.
  await sql`
    update asset set
      last_seen = ${now}::timestamptz - (hashint8extended(number, ${seed}) & 1048575) % ${moments} * interval '1.000001 second',
      last_scan = case when number % 3 > 0 then ${now}::timestamptz - number % ${moments} * interval '1 microsecond' end,
      packages = number % ${moments}
    where organization_id = ${organizationId}`.execute(database.db);
}

interface Row {
  readonly id: string;
  readonly hostname: string;
  readonly number: number;
  readonly os: string;
  readonly firstSeen: Date;
  readonly pendingRestart: boolean;
  readonly value: string | null;
}

/** The whole list as a plain sort has it. */
async function expected(sort: StoredSorting, direction: SortDirection, fits: (row: Row) => boolean): Promise<string[]> {
  const value = sort === 'packages' ? sql`packages` : sql`extract(epoch from ${sql.ref(sort)}) * 1000000`;
  const { rows } = await sql<Row>`
    select id, hostname, number, os, first_seen, pending_restart, (${value})::bigint::text as value
    from asset where organization_id = ${organizationId}`.execute(database.db);
  const keys = ({ value: own, hostname, number }: Row) => [own === null ? -1 : Number(own), hostname, number] as const;
  const sorted = rows.filter(fits).sort((a, b) => {
    const [one, other] = [keys(a), keys(b)];
    const at = one.findIndex((key, index) => key !== other[index]);
    return at < 0 ? 0 : (one[at] ?? 0) < (other[at] ?? 0) ? -1 : 1;
  });
  return (direction === 'descending' ? sorted.toReversed() : sorted).map(({ id }) => id);
}

const filters: { readonly filter: Partial<AssetQuery>; readonly fits: (row: Row) => boolean }[] = [
  { filter: {}, fits: () => true },
  { filter: { query: 'os:os1' }, fits: ({ os }) => os === 'os1' },
  { filter: { search: 'host-3' }, fits: ({ hostname }) => hostname.includes('host-3') },
  // So few that the first ones hold no page of them.
  { filter: { pendingRestart: 'true' }, fits: ({ pendingRestart }) => pendingRestart },
  { filter: { query: 'hostname:host-1-1?' }, fits: ({ hostname }) => /^host-1-1.$/.test(hostname) },
  { filter: { asOf: dayAgo }, fits: ({ firstSeen }) => firstSeen <= dayAgo },
  { filter: { query: 'hostname:none' }, fits: () => false },
];

/** From the end of the page before, so many times; by an offset first. */
async function pages(wish: Partial<AssetQuery>, count: number): Promise<{ ids: string[]; totals: Set<number>; ended: boolean }> {
  const ids: string[] = [];
  const totals = new Set<number>();
  let next: string | null | undefined;
  for (let page = 0; page < count && next !== null; page += 1) {
    const place = page === 0 ? {} : { offset: 0, after: next };
    const query = { organizationId, silence, now, limit: 100, offset: 0, ...wish, ...place };
    const found = await findAssets({ db: database.db, fleetIndex }, query);
    ids.push(...found.items.map(({ assetId }) => assetId));
    totals.add(found.total);
    next = found.next;
  }
  return { ids, totals, ended: next === null };
}

const wishes = fc.record({
  seed: fc.nat(1000),
  // All at one moment, in crowds, and nearly each at its own.
  moments: fc.constantFrom(1, 3, 400, 100_000),
  sort: fc.constantFrom(...sortings),
  direction: fc.constantFrom('ascending' as const, 'descending' as const),
  filter: fc.constantFrom(...filters),
  limit: fc.constantFrom(1, 50, 500),
  offset: fc.constantFrom(0, 0, 30, firstCount - 50, firstCount + 700, fleet),
});

describe('assets sorted by what check-ins change', () => {
  it('are those of a plain sort, whatever is filtered, from wherever and page by page', async () => {
    const property = fc.asyncProperty(
      wishes,
      async ({ seed, moments, sort, direction, filter: { filter, fits }, limit, offset }) => {
        await checkIn(seed, moments);
        const all = await expected(sort, direction, fits);
        const { ids, totals, ended } = await pages({ ...filter, sort, direction, limit, offset }, 5);
        expect(ids).toEqual(all.slice(offset, offset + 5 * limit));
        expect(ended).toBe(offset + 5 * limit >= all.length);
        expect([...totals]).toEqual([all.length]);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  }, 120_000);

  it.each(sortings)('are all of them once by %s, from the first page to the last and back', async (sort) => {
    await checkIn(7, 400);
    for (const direction of ['ascending', 'descending'] as const) {
      const { ids } = await pages({ sort, direction, limit: 500 }, 100);
      expect(ids).toEqual(await expected(sort, direction, () => true));
    }
  });

  it('are in the order of the newest check-in', async () => {
    await checkIn(3, 400);
    const [last] = (await pages({ sort: 'lastSeen', direction: 'descending', limit: 1 }, 1)).ids;
    const [first] = (await pages({ sort: 'lastSeen', limit: 1 }, 1)).ids;
    expect(first).not.toBe(last);
    await database.db
      .updateTable('asset')
      .set({ lastSeen: new Date(now.getTime() + hour) })
      .where('id', '=', first ?? '')
      .execute();
    expect((await pages({ sort: 'lastSeen', direction: 'descending', limit: 1 }, 1)).ids).toEqual([first]);
  });

  it.each([-1, -1e300, 0.5, 1e300, Number.MAX_SAFE_INTEGER])(
    'begin behind a cursor with %f, which nothing gave out',
    async (value) => {
      await checkIn(5, 400);
      for (const sort of sortings) {
        const after = Buffer.from(JSON.stringify([`${sort} ascending`, value, '', 0])).toString('base64url');
        const { ids } = await pages({ sort, after, limit: 1 }, 1);
        // Nothing lies behind the end of time.
        expect(ids).toHaveLength(value > 1 ? 0 : 1);
      }
    },
  );
});
