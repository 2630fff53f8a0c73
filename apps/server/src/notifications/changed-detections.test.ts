import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cursor, readCursor } from '../fleet-index/read-changes.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { HistoryWorld } from '../testing/history-world.ts';
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
              for await (const part of changedDetections(tx, { organizationId, snapshot: cursor.snapshot, index: own })) {
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
