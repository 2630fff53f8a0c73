import { describe, expect, it } from 'vitest';
import { fakeHost } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { apk } from './index.ts';
import { apkRows } from './parse.ts';

const musl = 'C:Q1x=\nP:musl-utils\nV:1.2.4-r2\nA:x86_64\no:musl\nF:lib\nR:x\n\n';
const row = { name: 'musl-utils', version: '1.2.4-r2', architecture: 'x86_64', source: 'musl', sourceVersion: '1.2.4-r2' };

describe('apk collector', () => {
  it.each(['/lib/apk/db/installed', '/usr/lib/apk/db/installed'])('reads %s', async (path) => {
    expect(await runCollector(apk, fakeHost({ [path]: musl }))).toEqual({ status: 'complete', rows: [row], problems: [] });
  });

  it('is partial when an entry has no version, and keeps the others', async () => {
    const run = await runCollector(apk, fakeHost({ '/lib/apk/db/installed': `P:broken\n\n${musl}` }));
    expect(run).toMatchObject({ status: 'partial', rows: [row], problems: [{ code: 'MALFORMED' }] });
  });

  it('fails rather than report no packages when the database cannot be read', async () => {
    const run = await runCollector(apk, fakeHost({ '/lib/apk/db/installed': { error: 'TOO_LARGE' } }));
    expect(run).toMatchObject({ status: 'failed', rows: [] });
  });

  it('answers nothing on a system without apk', async () => {
    expect(await runCollector(apk, fakeHost({}))).toMatchObject({ status: 'complete', rows: [] });
    expect(apkRows([])).toEqual({ rows: [], isWhole: true });
  });
});
