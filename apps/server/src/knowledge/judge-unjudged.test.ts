import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageVersionRow } from '../inventory/package-version-row.ts';
import { PackageVersions } from '../inventory/package-versions.ts';
import { hashRow } from '../inventory/row-change.ts';
import { importKnowledge } from './import-knowledge.ts';
import { judgeUnjudged } from './judge-unjudged.ts';

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

it('judges what waits exactly once, part by part and by several at once', async () => {
  const { db } = database;
  const affected = { ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'fixed', introduced: null } as const;
  const advisory = { id: 'DSA-1-1', feed: 'debian-dsa', published: '2026-01-01', vulnerabilities: ['CVE-2026-1001'] };
  const advisories = [{ ...advisory, affected: [{ ...affected, fixed: '31' }] }];
  await importKnowledge(db, { advisories, vulnerabilities: [], origins: [] }, { at: new Date(), starter: false });
  const rows = Array.from({ length: 100 }, (_, index) => {
    const version = `${index + 1}`;
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
  await new PackageVersions(db).enter(rows);

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
