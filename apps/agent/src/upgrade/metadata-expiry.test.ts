import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realDisk } from './disk.ts';
import { metadataExpiries, noticeOf } from './metadata-expiry.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-expiry-'));
  mkdirSync(join(directory, 'tuf'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(role: string, days: number): void {
  const expires = new Date(now + days * 24 * 3600 * 1000).toISOString();
  writeFileSync(join(directory, 'tuf', `${role}.json`), JSON.stringify({ signed: { expires } }));
}

describe('metadataExpiries', () => {
  it.each([
    ['root', 31, null],
    ['root', 29.5, '30 days'],
    ['code', 13.5, '14 days'],
    ['targets', 6.5, '7 days'],
    ['targets', -0.1, 'expired'],
    ['timestamp', 0.5, null],
    ['timestamp', -0.1, 'expired'],
    ['snapshot', 3, null],
  ])('%s with %d days left gives the notice %s', (role, days, notice) => {
    write(role, days);
    expect(metadataExpiries(realDisk, directory, now).map(noticeOf)).toEqual([notice]);
  });

  it('says the earliest first and leaves out what it cannot read', () => {
    write('root', 100);
    write('code', 10);
    writeFileSync(join(directory, 'tuf/snapshot.json'), '{');
    writeFileSync(join(directory, 'tuf/targets.json'), '{"signed":{"expires":"soon"}}');
    expect(metadataExpiries(realDisk, directory, now).map(({ role }) => role)).toEqual(['code', 'root']);
  });
});
