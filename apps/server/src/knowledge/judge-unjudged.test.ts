import { eventually, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageVersionRow } from '../inventory/package-version-row.ts';
import { PackageVersions } from '../inventory/package-versions.ts';
import { hashRow } from '../inventory/row-change.ts';
import { importKnowledge } from './import-knowledge.ts';
import { judgeSomeUnjudged, judgeUnjudged } from './judge-unjudged.ts';

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

/** Versions `from` up to and with `to` of a package, which then wait to be judged. */
async function enter(from: number, to: number): Promise<void> {
  const rows = Array.from({ length: to - from + 1 }, (_, index) => {
    const version = `${from + index}`;
    const row = {
      name: 'openssl',
      version,
      architecture: 'amd64',
      source: 'openssl',
      sourceVersion: version,
      state: 'installed',
    };
    return packageVersionRow({ key: version, row, hash: hashRow(row) }, { ecosystem: 'debian', release: 'bookworm' });
  });
  await new PackageVersions(database.db).enter(rows);
}

it('judges what waits exactly once, part by part and by several at once', async () => {
  const { db } = database;
  const affected = { ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'fixed', introduced: null } as const;
  const advisory = { id: 'DSA-1-1', feed: 'debian-dsa', published: '2026-01-01', vulnerabilities: ['CVE-2026-1001'] };
  const advisories = [{ ...advisory, affected: [{ ...affected, fixed: '31' }] }];
  await importKnowledge(db, { advisories, vulnerabilities: [], origins: [] }, { at: new Date(), starter: false });
  await enter(1, 100);

  const counts = await Promise.all([judgeUnjudged(db, 7), judgeUnjudged(db, 7)]);

  expect(counts[0] + counts[1]).toBe(100);
  const verdicts = await db
    .selectFrom('verdict')
    .innerJoin('packageVersion', 'id', 'packageVersionId')
    .select('version')
    .execute();
  expect(verdicts.map(({ version }) => Number(version)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 30 }, (_, n) => n + 1),
  );
  expect(await db.selectFrom('unjudged').selectAll().execute()).toEqual([]);
});

it('has not ended while somebody else judges, and judges what they give up', async () => {
  const { db } = database;
  await enter(101, 103);
  const { promise: given, resolve: giveUp } = Promise.withResolvers<void>();
  const { promise: taken, resolve: take } = Promise.withResolvers<void>();
  const other = db.transaction().execute(async (tx) => {
    expect(await judgeSomeUnjudged(tx, 2)).toBe(2);
    take();
    await given;
    throw new Error('gave up');
  });
  await taken;
  const judging = judgeUnjudged(db);
  await eventually('all is judged that nobody else judges', 10_000, async () => {
    const left = await db.selectFrom('unjudged').selectAll().execute();
    return left.length === 2 ? true : null;
  });
  giveUp();
  await expect(other).rejects.toThrow('gave up');
  expect(await judging).toBe(3);
});
