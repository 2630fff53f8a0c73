import { describe, expect, it } from 'vitest';
import { limits, userFact } from '@vedette/protocol';
import { fakeHost } from '@vedette/testkit';
import { clean } from './clean.ts';
import { defineCollector, type Collector, type RowOf } from './collector.ts';
import { runCollector } from './run-collector.ts';

type User = RowOf<typeof userFact>;
const row: User = { name: 'a', uid: 1, gid: 1, home: '/', shell: '/bin/sh', password: 'set', groups: [] };

function collector(rows: Collector<typeof userFact>['rows'], change: Partial<Collector<typeof userFact>> = {}): Collector {
  const fixed = { fact: userFact, describes: '', requires: { platforms: ['linux'] }, cost: { reads: [], maxBytes: 1 } };
  return defineCollector({ ...fixed, watches: [], refreshSeconds: 1, rows, ...change });
}

describe('runCollector', () => {
  it('is unsupported on another platform and does not run', async () => {
    const run = await runCollector(
      collector(() => Promise.reject(new Error('ran'))),
      fakeHost({}, { platform: 'win32' }),
    );
    expect(run).toEqual({ status: 'unsupported', rows: [], problems: [] });
  });

  it('fails with the cause when the collector throws', async () => {
    const cause = new TypeError('bug');
    const run = await runCollector(
      collector(() => Promise.reject(cause)),
      fakeHost({}),
    );
    expect(run).toEqual({ status: 'failed', rows: [], problems: [{ path: '', code: 'INTERNAL', count: 1 }], cause });
  });

  it('cleans texts, cuts them, and keeps the first row of a key', async () => {
    const long = `${'x'.repeat(limits.rowTextChars - 1)}\u{1F600}`;
    const rows = [
      { ...row, home: 'a\0b\u009b', shell: long, groups: ['g\n'] },
      { ...row, uid: 2 },
    ];
    const run = await runCollector(
      collector(async () => ({ rows })),
      fakeHost({}),
    );
    expect(run).toMatchObject({ status: 'partial', problems: [{ code: 'DUPLICATE', count: 1 }] });
    expect(run.rows).toMatchObject([{ uid: 1, home: 'a\uFFFDb\uFFFD', groups: ['g\uFFFD'] }]);
    for (const each of run.rows) userFact.row.parse(each);
  });

  it('takes no more rows than a document holds', async () => {
    const rows = Array.from({ length: limits.rowsPerDocument + 1 }, (_, index) => ({ ...row, name: `u${index}` }));
    const run = await runCollector(
      collector(async () => ({ rows })),
      fakeHost({}),
    );
    expect(run.rows).toHaveLength(limits.rowsPerDocument);
    expect(run).toMatchObject({ status: 'partial', problems: [{ code: 'LIMIT' }] });
  });

  it('counts failed reads of processes at one place', async () => {
    const host = fakeHost({ '/proc/1/maps': { error: 'DENIED' }, '/proc/2/maps': { error: 'DENIED' } });
    const run = await runCollector(
      collector(async (given) => {
        for (const id of [1, 2]) given.readText(`/proc/${id}/maps`, { maxBytes: 10 });
        return { rows: [row] };
      }),
      host,
    );
    expect(run).toMatchObject({ status: 'partial', rows: [row], problems: [{ path: '/proc/*/maps', code: 'DENIED', count: 2 }] });
  });
});

describe('clean', () => {
  it('leaves ordinary text alone', () => expect(clean('Grüße 日本 /usr/lib')).toBe('Grüße 日本 /usr/lib'));
});
