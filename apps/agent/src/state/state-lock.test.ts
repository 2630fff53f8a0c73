import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStateDirectory } from './state-directory.ts';
import { lockHolder, StateLock } from './state-lock.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('StateLock', () => {
  it('lets a second process know who holds the directory', () => {
    using _lock = StateLock.acquire(directory);
    expect(lockHolder(directory)).toBe(process.pid);
    expect(() => StateLock.acquire(directory)).toThrow(expect.objectContaining({ code: 'LOCKED' }));
  });

  it('is free again after its end, and leaves nothing behind', () => {
    StateLock.acquire(directory)[Symbol.dispose]();
    expect(lockHolder(directory)).toBeNull();
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([
    ['a process that is gone', '4194305 100\n'],
    ['a process id that another program has now', `${process.ppid} 1\n`],
    ['a torn write', '12'],
    ['nothing', ''],
  ])('takes over the lock of %s', (_, content) => {
    writeFileSync(join(directory, 'lock'), content);
    expect(lockHolder(directory)).toBeNull();
    using _lock = StateLock.acquire(directory);
    expect(lockHolder(directory)).toBe(process.pid);
  });

  it('does not remove a lock that somebody else took over', () => {
    const lock = StateLock.acquire(directory);
    writeFileSync(join(directory, 'lock'), '1 1\n');
    lock[Symbol.dispose]();
    expect(readdirSync(directory)).toEqual(['lock']);
  });
});

describe('openStateDirectory', () => {
  it('makes a directory that is closed to others', () => {
    const path = join(directory, 'a', 'b');
    openStateDirectory(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('refuses a file in its place', () => {
    const path = join(directory, 'file');
    writeFileSync(path, '');
    expect(() => openStateDirectory(path)).toThrow(expect.objectContaining({ code: 'STATE' }));
  });
});
