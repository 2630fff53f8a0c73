import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { preparation } from '../db/distribution.ts';
import { compareThreeWays, steps } from '../testing/three-ways.ts';

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
  // As it is where tables are in shards: no trigger notes who wrote what.
  for (const statement of preparation) await sql.raw(statement).execute(database.db);
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

it('fleet index, SQL over the histories and the matcher on snapshots say the same of every asset and check', async () => {
  const property = fc.asyncProperty(steps, (history) => compareThreeWays(database.db, syncDocument, history));
  await expect(fc.assert(property, { numRuns: 20 })).resolves.toBeUndefined();
}, 300_000);
