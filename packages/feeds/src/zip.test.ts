import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { FeedError } from './errors.ts';
import { readZip } from './zip.ts';

const folder = mkdtempSync(join(tmpdir(), 'vedette-zip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = {
  inflateRaw: (packed: Uint8Array, maxBytes: number) => inflateRawSync(packed, { maxOutputLength: maxBytes }),
  maxEntryBytes: 1_000_000,
  maxBytes: 2_000_000,
};
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const read = (bytes: Uint8Array, more = {}) => [...readZip({ name: 'osv.zip', bytes }, { ...options, ...more })];

/** An archive as another program writes it: Python's zipfile, which every Debian has. */
function zipOf(files: Record<string, string>): Uint8Array {
  const source = join(folder, 'in');
  mkdirSync(source, { recursive: true });
  const names = Object.keys(files).map((name, at) => {
    writeFileSync(join(source, String(at)), files[name] ?? '');
    return [join(source, String(at)), name];
  });
  const program =
    'import sys,json,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w",zipfile.ZIP_DEFLATED)\n[z.write(p,n) for p,n in json.loads(sys.argv[2])]\nz.close()';
  execFileSync('python3', ['-c', program, join(folder, 'x.zip'), JSON.stringify(names)]);
  return readFileSync(join(folder, 'x.zip'));
}

const archive = zipOf({ 'GO-2025-1.json': '{"id":1}', 'deep/GO-2025-2.json': 'x'.repeat(10_000) });

describe('readZip', () => {
  it('gives the files with name and path', () => {
    expect(read(archive).map(({ name, path, bytes }) => [name, path, text(bytes).slice(0, 8)])).toEqual([
      ['GO-2025-1.json', 'GO-2025-1.json', '{"id":1}'],
      ['GO-2025-2.json', 'deep/GO-2025-2.json', 'xxxxxxxx'],
    ]);
  });

  it('does not even look into files that are not wanted', () => {
    const wants = (path: string): boolean => path === 'GO-2025-1.json';
    expect(read(archive, { wants, maxBytes: 100 }).map(({ name }) => name)).toEqual(['GO-2025-1.json']);
  });

  it.each([
    ['a file larger than it may be', { maxEntryBytes: 100 }],
    ['more than all may be', { maxBytes: 5000 }],
  ])('refuses %s', (_, more) => {
    expect(() => read(archive, more)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });

  it('refuses an archive cut anywhere', () => {
    for (let end = 0; end < archive.length; end += 1) expect(() => read(archive.subarray(0, end))).toThrow(FeedError);
  });

  it('throws nothing but FeedError for any damage', () => {
    fc.assert(
      fc.property(fc.nat(archive.length - 1), fc.uint8Array({ maxLength: 8 }), (at, put) => {
        const damaged = Uint8Array.from(archive);
        damaged.set(put.subarray(0, archive.length - at), at);
        let thrown: unknown = null;
        try {
          read(damaged);
        } catch (error) {
          thrown = error;
        }
        expect(thrown === null || thrown instanceof FeedError).toBe(true);
      }),
    );
  });

  it('does not unpack a bomb', () => {
    expect(() => read(zipOf({ bomb: '\0'.repeat(1_500_000) }))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    expect(deflateRawSync(Buffer.alloc(1_500_000)).length).toBeLessThan(5000);
  });
});
