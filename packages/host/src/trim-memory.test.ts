import { describe, expect, it } from 'vitest';
import { processUsage } from './process-usage.ts';
import { droppableMappings, trimMemory } from './trim-memory.ts';

const mapping = (permissions: string, path: string, anonymous: number): string =>
  `7f0000000000-7f0000010000 ${permissions} 00000000 fe:00 42                         ${path}\nRss:    64 kB\nAnonymous: ${anonymous} kB\nVmFlags: rd\n`;

describe('droppableMappings', () => {
  it.each([
    ['a library that was never written', mapping('r-xp', '/usr/lib/libc.so.6', 0), 1],
    ['the program itself', mapping('r--p', process.execPath, 0), 1],
    ['relocated data', mapping('r--p', '/usr/lib/libc.so.6', 4), 0],
    ['writable data', mapping('rw-p', '/usr/lib/libc.so.6', 0), 0],
    ['shared pages', mapping('r--s', '/usr/lib/libc.so.6', 0), 0],
    ['memory of nobody', mapping('r--p', '', 0), 0],
    ['another file', mapping('r--p', '/var/lib/data', 0), 0],
    ['a deleted library', mapping('r-xp', '/usr/lib/libc.so.6 (deleted)', 0), 0],
  ])('%s', (_, smaps, count) => expect(droppableMappings(smaps).size).toBe(count));
});

describe.runIf(process.platform === 'linux')('trimMemory', () => {
  it('leaves the process able to work, keeps the peak, and reports what it freed', () => {
    const before = processUsage();
    const freed = trimMemory();
    expect(freed).toBeGreaterThanOrEqual(0);
    trimMemory();
    const after = processUsage();
    expect(after.peakRssBytes).toBeGreaterThanOrEqual(before.peakRssBytes);
    expect(after.cpuSeconds).toBeGreaterThanOrEqual(before.cpuSeconds);
    expect(after.unevictableBytes).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify({ text: 'ä'.repeat(1000) }))).toEqual({ text: 'ä'.repeat(1000) });
  });
});
