import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { loadedLibrary } from './index.ts';
import { parseLoaded } from './parse.ts';

const line = (permissions: string, path: string): string =>
  `7f1c2a000000-7f1c2a021000 ${permissions} 00002000 fe:00 260131   ${path}\n`;

describe('parseLoaded', () => {
  it.each([
    [line('r-xp', '/usr/lib/libc.so.6'), [{ path: '/usr/lib/libc.so.6', old: false }]],
    [line('r-xp', '/usr/lib/libc.so.6 (deleted)'), [{ path: '/usr/lib/libc.so.6', old: true }]],
    [line('r--p', '/usr/lib/libc.so.6'), []],
    [line('r-xp', '/home/alice/a.out'), []],
    [line('r-xp', '/memfd:jit (deleted)'), []],
    [line('r-xp', '[vdso]'), []],
  ])('%s', (maps, expected) => expect(parseLoaded(maps)).toEqual(expected));

  it('takes any text', () => {
    const check = (text: string): void => {
      expect(parseLoaded(text).every(({ path }) => path.startsWith('/'))).toBe(true);
    };
    fc.assert(fc.property(hostileText(' r-xp 1 /usr/lib/x (deleted)\n'), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('loaded-library collector', () => {
  it('gathers the programs of a file, and keeps the old version apart', async () => {
    const host = fakeHost({
      '/proc/1/maps': line('r-xp', '/usr/lib/libc.so.6'),
      '/proc/1/exe': { link: '/usr/sbin/a' },
      '/proc/2/maps': line('r-xp', '/usr/lib/libc.so.6 (deleted)'),
      '/proc/2/exe': { link: '/usr/sbin/b (deleted)' },
      '/proc/3/maps': line('r-xp', '/usr/lib/libc.so.6'),
      '/proc/3/exe': { link: '/usr/sbin/c' },
    });
    expect((await runCollector(loadedLibrary, host)).rows).toEqual([
      { path: '/usr/lib/libc.so.6', old: false, programs: ['/usr/sbin/a', '/usr/sbin/c'] },
      { path: '/usr/lib/libc.so.6', old: true, programs: ['/usr/sbin/b'] },
    ]);
  });
});
