import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compareThreeWays, steps } from '../testing/three-ways.ts';

let database: ThrowAwayDatabase;
beforeAll(async () => {
  // Where no trigger notes who wrote what.
  database = await throwAwayDatabase({ forShards: true });
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

it('fleet index, SQL over the histories and the matcher on snapshots say the same of every asset and check', async () => {
  const property = fc.asyncProperty(steps, (history) => compareThreeWays(database.db, syncDocument, history));
  await expect(fc.assert(property, { numRuns: 20 })).resolves.toBeUndefined();
}, 300_000);
