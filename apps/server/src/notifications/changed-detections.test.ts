import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { sql } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cursor } from '../fleet-index/cursor.ts';
import { readCursor } from '../fleet-index/read-changes.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { HistoryWorld, type Step } from '../testing/history-world.ts';
import { steps } from '../testing/three-ways.ts';
import { changedDetections } from './changed-detections.ts';

let database: ThrowAwayDatabase;

beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

/** What was told so far to be open, by asset and check. */
class Told {
  readonly open = new Set<string>();
  readonly wrong: string[] = [];

  take(assetId: string, check: number, isOpen: boolean): void {
    const key = `${assetId} ${check}`;
    if (this.open.has(key) === isOpen) this.wrong.push(`${key} was ${isOpen ? 'found' : 'fixed'} twice`);
    if (isOpen) this.open.add(key);
    else this.open.delete(key);
  }
}

it('whatever happens between looks, each change is told once, and all of them together are what is there', async () => {
  const log = pino({ level: 'silent' });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const world = new HistoryWorld(database.db, syncDocument);
      await using index = new FleetIndex({ db: database.db, log, clock: () => new Date(world.now) });
      await world.begin();
      const told = new Told();
      let cursor: Cursor = await database.db.transaction().execute(readCursor);
      const look = async (): Promise<void> => {
        await database.db
          .transaction()
          .setIsolationLevel('repeatable read')
          .execute(async (tx) => {
            const next = await readCursor(tx);
            for (const organizationId of world.organizationIds) {
              const own = await index.current(organizationId);
              for await (const part of changedDetections(tx, { organizationId, since: cursor, until: next }, own)) {
                for (const { assetId, check, isOpen } of part) told.take(assetId, check, isOpen);
              }
            }
            cursor = next;
          });
      };
      for (const step of all) {
        if (step.kind === 'look') await look();
        else if (step.kind !== 'rebuild' && step.kind !== 'verify' && step.kind !== 'fold') await world.apply(step);
      }
      await world.settle();
      await look();
      const found = [...world.judged].flatMap(([assetId, judged]) =>
        [...(judged.at(-1)?.found.keys() ?? [])].map((check) => `${assetId} ${check}`),
      );
      expect(told.wrong).toEqual([]);
      expect([...told.open].toSorted()).toEqual(found.toSorted());
    }),
    { numRuns: 25 },
  );
}, 120_000);

it('what is there before its transaction is, as nodes of a database in shards may show it, is told when that is, and once', async () => {
  await using shards = await throwAwayDatabase({ forShards: true });
  const world = new HistoryWorld(shards.db, syncDocument);
  await using index = new FleetIndex({ db: shards.db, log: pino({ level: 'silent' }), clock: () => new Date(world.now) });
  await world.begin();
  const [organizationId] = world.organizationIds;
  const beliefs = [{ bookworm: '3', score: 5 }, null, null, null];
  await world.apply({ hours: 1, kind: 'knowledge', beliefs });
  const packages = { hours: 1, kind: 'packages', asset: 0, way: 'delta', second: [] } as const;
  // So that the package is judged already when the other asset gets it.
  await world.apply({ ...packages, asset: 1, versions: ['1', null, null, null] });
  await world.settle();
  let since = await shards.db.transaction().execute(readCursor);
  const look = (): Promise<boolean[]> =>
    shards.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => {
        const until = await readCursor(tx);
        const told: boolean[] = [];
        const own = await index.current(organizationId);
        for await (const part of changedDetections(tx, { organizationId, since, until }, own)) {
          told.push(...part.map(({ isOpen }) => isOpen));
        }
        since = until;
        return told;
      });
  const early = async (step: Step): Promise<void> => {
    const writer = new pg.Client(shards.connection);
    await writer.connect();
    await writer.query('begin');
    const { rows } = await writer.query<{ number: string }>('select pg_current_xact_id()::text as number');
    await world.apply(step);
    await world.settle();
    for (const [table, column] of [
      ['inventory_change', 'written_by'],
      ['verdict', 'written_by'],
      ['verdict', 'inserted_by'],
    ] as const) {
      const named = sql.ref(column);
      const number = sql`${rows[0]?.number}::xid8`;
      await sql`update ${sql.table(table)} set ${named} = ${number} where ${named} > ${number}`.execute(shards.db);
    }
    expect(await look()).toEqual([]);
    await writer.query('commit');
    await writer.end();
  };
  await early({ ...packages, versions: ['1', null, null, null] });
  expect([await look(), await look()]).toEqual([[true], []]);
  await early({ hours: 1, kind: 'knowledge', beliefs: [null, null, null, null] });
  expect([await look(), await look()]).toEqual([[false, false], []]);
  await early({ hours: 1, kind: 'knowledge', beliefs });
  expect([await look(), await look()]).toEqual([[true, true], []]);
});
