import { describe, expect, it } from 'vitest';
import { addApkOwners, addDpkgOwners, addRpmOwners, type FileOwners } from './file-owners.ts';

const wanted = new Set(['/usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO', '/usr/lib/a/METADATA', '/top']);
const bytes = (text: string): Uint8Array => Buffer.from(text);
const owners = (add: (owners: FileOwners) => void): [string, string][] => {
  const found: FileOwners = new Map();
  add(found);
  return [...found];
};

/** An rpm header of texts: tag, and its values. */
function header(...fields: [tag: number, values: (string | number)[]][]): Uint8Array {
  const data: Buffer[] = [];
  const entries = fields.map(([tag, values]) => {
    const entry = Buffer.alloc(16);
    const isNumber = typeof values[0] === 'number';
    entry.writeUInt32BE(tag, 0);
    entry.writeUInt32BE(isNumber ? 4 : 8, 4);
    entry.writeUInt32BE(Buffer.concat(data).length, 8);
    entry.writeUInt32BE(values.length, 12);
    for (const value of values) {
      const number = Buffer.alloc(4);
      if (typeof value === 'number') number.writeUInt32BE(value);
      data.push(typeof value === 'number' ? number : Buffer.from(`${value}\0`));
    }
    return entry;
  });
  const start = Buffer.alloc(8);
  start.writeUInt32BE(fields.length, 0);
  start.writeUInt32BE(Buffer.concat(data).length, 4);
  return Buffer.concat([start, ...entries, ...data]);
}

describe('owners of files', () => {
  it('are read from the lists of dpkg, architecture left off', () => {
    const list = bytes('/.\n/usr/lib/a\n/usr/lib/a/METADATA\n');
    expect(owners((found) => addDpkgOwners(found, wanted, 'python3-a:amd64.list', list))).toEqual([
      ['/usr/lib/a/METADATA', 'python3-a'],
    ]);
  });

  it('are read from the database of apk', () => {
    const installed = bytes('P:py3-a\nV:1\nF:usr/lib/a\nR:METADATA\n\nP:base\nF:\nR:top\n');
    expect(owners((found) => addApkOwners(found, wanted, installed))).toEqual([
      ['/usr/lib/a/METADATA', 'py3-a'],
      ['/top', 'base'],
    ]);
  });

  it('are read from headers of rpm', () => {
    const rpm = header(
      [1000, ['python3-a']],
      [1001, ['1']],
      [1116, [1, 0]],
      [1117, ['METADATA', 'top']],
      [1118, ['/', '/usr/lib/a/']],
    );
    expect(owners((found) => addRpmOwners(found, wanted, [rpm]))).toEqual([
      ['/usr/lib/a/METADATA', 'python3-a'],
      ['/top', 'python3-a'],
    ]);
  });
});
