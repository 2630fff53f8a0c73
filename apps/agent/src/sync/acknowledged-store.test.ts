import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileStore, type AcknowledgedState } from './acknowledged-store.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-store-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const state: AcknowledgedState = {
  version: 1,
  sequence: 7,
  digest: 'a'.repeat(64),
  rows: [
    { name: 'eth0', mtu: 1500, addresses: ['10.0.0.1/8'], up: true, peer: null },
    { name: 'lo', mtu: 65536, addresses: [], up: true, peer: null },
  ],
};
const fileOf = (name: string): string => join(directory, 'acknowledged', name);

describe('fileStore', () => {
  it('gives back what was saved', () => {
    fileStore(directory).save('network-interface', state);
    expect(fileStore(directory).load('network-interface')).toEqual(state);
  });

  it('keeps a state without rows', () => {
    fileStore(directory).save('restart', { ...state, rows: [] });
    expect(fileStore(directory).load('restart')).toMatchObject({ sequence: 7, rows: [] });
  });

  it('leaves one closed file per collector', () => {
    fileStore(directory).save('os', state);
    fileStore(directory).save('os', { ...state, sequence: 8 });
    expect(readdirSync(join(directory, 'acknowledged'))).toEqual(['os.json.zst']);
    expect(statSync(fileOf('os.json.zst')).mode & 0o777).toBe(0o600);
  });

  it('has nothing for a collector it never saw', () => expect(fileStore(directory).load('os')).toBeNull());

  it.each([
    ['empty', () => Buffer.alloc(0)],
    ['cut', (bytes: Buffer) => bytes.subarray(0, -5)],
    ['flipped in one bit', (bytes: Buffer) => bytes.map((byte, index) => (index === bytes.length - 8 ? byte ^ 1 : byte))],
  ])('takes a file that is %s for none', (_, damage) => {
    fileStore(directory).save('os', state);
    writeFileSync(fileOf('os.json.zst'), damage(readFileSync(fileOf('os.json.zst'))));
    expect(fileStore(directory).load('os')).toBeNull();
  });
});
