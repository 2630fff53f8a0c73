import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { kernelModule } from './index.ts';
import { parseModules } from './parse.ts';

describe('parseModules', () => {
  it.each([
    ['ext4 1142784 1 - Live 0x0000000000000000', { name: 'ext4', sizeBytes: 1142784, usedBy: [], taints: '' }],
    ['mbcache 16384 2 ext4,ext2, Live 0x0', { name: 'mbcache', sizeBytes: 16384, usedBy: ['ext2', 'ext4'], taints: '' }],
    ['nvidia 60000000 0 - Live 0x0 (POE)', { name: 'nvidia', sizeBytes: 60000000, usedBy: [], taints: 'POE' }],
  ])('%s', (line, expected) => expect(parseModules(`${line}\n`)).toEqual([expected]));

  it('takes any text', () => {
    const check = (text: string): void => {
      expect(parseModules(text).length).toBeLessThanOrEqual(4096);
    };
    fc.assert(fc.property(hostileText('ext4 1 0 - Live 0x0 (OE)\n', '../x 1 '), check));
    for (const text of oversizedTexts) check(text);
    expect(parseModules('../../etc/shadow 1 0 - Live 0x0\n')).toEqual([]);
  });
});

describe('kernel-module collector', () => {
  it('adds the version that a module states', async () => {
    const host = fakeHost({
      '/proc/modules': 'zfs 1 0 - Live 0x0 (POE)\next4 2 0 - Live 0x0\n',
      '/sys/module/zfs/version': '2.1.11-1\n',
    });
    expect((await runCollector(kernelModule, host)).rows).toMatchObject([
      { name: 'zfs', version: '2.1.11-1' },
      { name: 'ext4', version: '' },
    ]);
  });
});
