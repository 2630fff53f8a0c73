import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linuxHost } from './linux-host.ts';

describe.runIf(process.platform === 'linux')('linuxHost', () => {
  const host = linuxHost();
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'vedette-host-'));
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/hostname'), 'inside\n');
    symlinkSync('/etc/hostname', join(root, 'absolute'));
    symlinkSync('../../../../../../../../etc/hostname', join(root, 'etc/climbing'));
    symlinkSync('loop', join(root, 'loop'));
    execFileSync('mkfifo', [join(root, 'fifo')]);
    writeFileSync(join(root, 'invalid'), Buffer.from([0x61, 0xff, 0x00]));
    writeFileSync(join(root, 'large'), 'x'.repeat(100_000));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it.each([
    ['fifo', 'NOT_A_FILE'],
    ['etc', 'NOT_A_FILE'],
    ['loop', 'IO'],
    ['large', 'TOO_LARGE'],
  ])('refuses %s as %s and does not hang', (name, code) => {
    expect(() => host.readFile(join(root, name), { maxBytes: 99_999 })).toThrow(expect.objectContaining({ code }));
  });

  it('reads a file of exactly the allowed size', () => {
    expect(host.readFile(join(root, 'large'), { maxBytes: 100_000 })).toHaveLength(100_000);
  });

  it('holds files without a stated size to the limit too', () => {
    expect(() => host.readText('/proc/self/status', { maxBytes: 100 })).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    expect(host.readText('/proc/self/smaps', { maxBytes: 10_000_000 })).toMatch(/VmFlags:.*\n$/);
  });

  it('answers null for what is not there', async () => {
    const missing = join(root, 'missing');
    expect([
      host.readFile(missing, { maxBytes: 1 }),
      host.readLink(missing),
      host.listDirectory(missing),
      host.stat(missing),
    ]).toEqual([null, null, null, null]);
    expect(await host.statFileSystem(missing)).toBeNull();
    expect([host.readLink(join(root, 'large')), host.listDirectory(join(root, 'large'))]).toEqual([null, null]);
  });

  it('decodes invalid UTF-8 without throwing', () => {
    expect(host.readText(join(root, 'invalid'), { maxBytes: 10 })).toBe('a\uFFFD\0');
  });

  it('stays inside another root, wherever links point', () => {
    const inside = linuxHost({ root });
    const limit = { maxBytes: 1000 };
    expect(inside.readText('/etc/hostname', limit)).toBe('inside\n');
    expect(inside.readText('/absolute', limit)).toBe('inside\n');
    expect(inside.readText('/etc/climbing', limit)).toBe('inside\n');
    expect(inside.readText('/../../etc/hostname', limit)).toBe('inside\n');
    expect(inside.readLink('/absolute')).toBe('/etc/hostname');
    expect(() => inside.readText('/loop', limit)).toThrow(expect.objectContaining({ code: 'IO' }));
  });

  it('knows the size of the root file system', async () => {
    const size = await host.statFileSystem('/');
    expect(size?.sizeBytes).toBeGreaterThan(0);
    expect(size?.freeBytes).toBeLessThanOrEqual(size?.sizeBytes ?? 0);
  });

  it('hashes as SHA-256 does', () => {
    expect(host.sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});
