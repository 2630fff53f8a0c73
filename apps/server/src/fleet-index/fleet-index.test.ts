import { eventually, syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HistoryWorld } from '../testing/history-world.ts';
import { FleetIndex } from './fleet-index.ts';
import { readCursor } from './read-changes.ts';
import { selectPage } from './select-detections.ts';
import { countDetections, topUpgrades } from './summarize-fleet.ts';
import type { VerdictBook } from './verdict-book.ts';
import { describeAssets, verifyPage } from './verify-page.ts';
import { whatRemains } from './what-remains.ts';

let database: ThrowAwayDatabase;
let world: HistoryWorld;
let fleet: FleetIndex;

beforeAll(async () => {
  database = await throwAwayDatabase();
  world = new HistoryWorld(database.db, syncDocument);
  await world.begin();
  const beliefs = [{ bookworm: '3', score: 9.8 }, { bookworm: '2', score: 5 }, { bookworm: null, score: 5 }, null];
  await world.apply({ hours: 1, kind: 'knowledge', beliefs });
  const versions = ['1', '1', '1', null];
  for (const asset of [0, 1, 2]) {
    await world.apply({ hours: 1, kind: 'packages', asset, versions, way: 'delta', second: [] });
  }
  fleet = openIndex();
}, 60_000);
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

function openIndex(): FleetIndex {
  return new FleetIndex({ db: database.db, log: pino({ level: 'silent' }), clock: () => new Date(world.now) });
}

/** One that verdicts speak of. */
function someVersion(book: VerdictBook): number {
  const [first] = book.packageVersions();
  if (first === undefined) throw new Error('nothing was judged');
  return first;
}

describe('the fleet index', () => {
  it('holds of an organization its own assets alone', async () => {
    const pages = world.organizationIds.map(async (organizationId) => {
      const index = await fleet.current(organizationId);
      const page = { asOf: world.now, newForDays: 7, limit: 100, offset: 0 };
      return new Set(selectPage(index, { status: 'all' }, page).items.map(({ assetId }) => assetId));
    });
    const [one, other] = await Promise.all(pages);
    expect(one).toEqual(new Set(world.assets.slice(0, 2).map(({ assetId }) => assetId)));
    expect(other).toEqual(new Set([world.assets[2]?.assetId]));
  });

  it('counts an upgrade of several binary packages once, and what it would leave', async () => {
    const index = await fleet.current(world.organizationIds[0]);
    expect(countDetections(index, world.now, 7)).toEqual({ open: [0, 0, 4, 0, 2], exploited: 2, found: 6, fixed: 0 });
    expect(topUpgrades(index, 10)).toMatchObject([{ source: 'openssl', detections: 4, assets: 2, severity: 5 }]);
    const remains = (...checks: number[]) => whatRemains(index, { checks: new Set(checks), upgrades: new Set() }).after.open;
    expect(remains()).toEqual([0, 0, 4, 0, 2]);
    expect(remains(280_001_001)).toEqual([0, 0, 4, 0, 0]);
  });

  it('finds and mends what is not as the database says', async () => {
    expect(await fleet.verify()).toEqual({ assets: 3, healedAssets: 0, healedPackages: 0 });
    const index = await fleet.current(world.organizationIds[0]);
    index.packages.put(0, new Uint32Array(0));
    index.checks[0]?.open.clear();
    expect(await fleet.verify()).toEqual({ assets: 3, healedAssets: 2, healedPackages: 0 });
    expect(await fleet.verify()).toEqual({ assets: 3, healedAssets: 0, healedPackages: 0 });
    expect(fleet.status).toMatchObject({ state: 'ready', assets: 3, healedAssets: 2 });
    expect(countDetections(index, world.now, 7)).toMatchObject({ open: [0, 0, 4, 0, 2] });
  });

  it('takes an asset that differs once for one that something is under way of', async () => {
    const [organizationId] = world.organizationIds;
    const index = await fleet.current(organizationId);
    const right = describeAssets(index, [0, 1]);
    index.checks[0]?.open.clear();
    const wrong = describeAssets(index, [0, 1]);
    const look = (suspects: ReadonlySet<number> | null) =>
      database.db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute(async (tx) => verifyPage(tx, index, { organizationId, after: 0, until: await readCursor(tx), suspects }));
    const [first, second] = index.table.assets.map(({ number }) => number);
    expect((await look(null)).differing).toEqual([first, second]);
    expect(describeAssets(index, [0, 1])).toEqual(wrong);
    expect((await look(new Set([second ?? 0]))).differing).toEqual([second]);
    expect(describeAssets(index, [0, 1])).toEqual(new Map([...wrong].with(1, [1, right.get(1) ?? ''])));
    expect((await look(new Set([first ?? 0, second ?? 0]))).differing).toEqual([first]);
    expect(describeAssets(index, [0, 1])).toEqual(right);
  });

  it.each<[string, number, (book: VerdictBook) => Promise<void>]>([
    ['forgot', 1, async (book) => book.forget(someVersion(book))],
    [
      'made up',
      1,
      async (book) => {
        const [one] = book.verdictsOn(someVersion(book));
        const check = book.checks.at(-1)?.number ?? 0;
        if (one) book.enterVerdict({ ...one, packageVersion: someVersion(book), check, validFrom: 99 });
      },
    ],
    [
      'was not told of',
      2,
      async () => {
        // No trigger notes who wrote it.
        await database.db.transaction().execute(async (tx) => {
          await sql`set local session_replication_role = replica`.execute(tx);
          await sql`update verdict set until_at = ${new Date(world.now)} where check_number = 280001001`.execute(tx);
        });
      },
    ],
  ])('finds and mends verdicts that it %s', async (_, packages, spoil) => {
    const index = await fleet.current(world.organizationIds[0]);
    await spoil(index.book);
    expect(await fleet.verify()).toEqual({ assets: 3, healedAssets: 0, healedPackages: packages });
    expect(await fleet.verify()).toEqual({ assets: 3, healedAssets: 0, healedPackages: 0 });
    await using fresh = openIndex();
    const built = await fresh.current(world.organizationIds[0]);
    const all = [...index.table.assets.keys()];
    expect(describeAssets(index, all)).toEqual(describeAssets(built, all));
    expect(index.book.verdicts).toBe(built.book.verdicts);
  });

  it('reads further back as soon as it is built', async () => {
    await using young = openIndex();
    young.start();
    const yearAgo = world.now - 365 * 24 * 3600_000;
    const isDeep = () => (Number(young.status.knownSince ?? world.now) < yearAgo ? true : null);
    expect(await eventually('times of a year ago', 20_000, isDeep)).toBe(true);
  });

  it('says to come again while it is being built', async () => {
    await using young = openIndex();
    await database.db.transaction().execute(async (tx) => {
      await sql`lock table verdict in access exclusive mode`.execute(tx);
      const asked = young.current(world.organizationIds[0]);
      await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 5 });
    });
    expect((await young.current(world.organizationIds[0])).table.assets).toHaveLength(2);
  });
});
