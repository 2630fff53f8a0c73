import type { Advisory } from '@vedette/protocol';
import { throwAwayDatabase } from '@vedette/testkit';
import { expect, it } from 'vitest';
import { CheckThread } from './check-thread.ts';
import { importChecks, makeChecks } from './import-knowledge.ts';
import { packInput, saveInput } from './stored-input.ts';

const feed = 'debian-dsa';

function advisory(number: number): Advisory {
  const affected = { ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'fixed', introduced: null } as const;
  const id = `DSA-${number}-1`;
  return {
    id,
    feed,
    published: '2026-01-01',
    vulnerabilities: [`CVE-2026-${1000 + number}`],
    affected: [{ ...affected, fixed: '2' }],
  };
}

it('made ready after a start imports what is new alone, from what was stored as from what was just taken', async () => {
  await using database = await throwAwayDatabase();
  const { db } = database;
  const say = async (...numbers: number[]) => {
    const body = await packInput({ advisories: numbers.map(advisory), vulnerabilities: [] });
    return { writer: await saveInput(db, feed, body), body };
  };
  const importWith = (thread: CheckThread) =>
    importChecks(db, thread.source('starter', [feed]), { at: new Date('2026-11-22T12:00:00Z') });
  await say(1, 2);
  await using first = new CheckThread();
  await first.follow(db);
  expect(await importWith(first)).toMatchObject({ version: 1, changed: 2 });

  await using started = new CheckThread();
  expect([...(await started.follow(db))]).toEqual([feed]);
  const version = await makeChecks(db, started.source('starter', [feed]));
  expect(version).toBe(1);
  await started.adopt(1);
  expect(started.version).toBe(1);
  expect(await importWith(started)).toMatchObject({ version: 1, changed: 0 });
  await started.hold(feed, await say(1, 2, 3));
  expect(await importWith(started)).toMatchObject({ version: 2, changed: 1, checks: 3 });
  await started.adopt(2);
  expect([...(await started.named())].sort()).toEqual(['CVE-2026-1001', 'CVE-2026-1002', 'CVE-2026-1003']);

  // What is stored is not what is in use: nothing may be taken for known.
  await say(2);
  await using other = new CheckThread();
  await other.follow(db);
  expect(await makeChecks(db, other.source('starter', [feed]))).toBe(null);
  expect(await importWith(other)).toMatchObject({ version: 3, changed: 2, checks: 1 });
}, 60_000);
