import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { newKey, parseKeys, readKeys, writeKeys } from './keys.ts';
import { type SealedPlace, Sealer } from './sealer.ts';

const directory = mkdtempSync(join(tmpdir(), 'vedette-keys-'));
afterAll(() => rmSync(directory, { recursive: true }));

const keys = [newKey()];
const sealer = new Sealer(() => keys);
const here: SealedPlace = ['table.column', 'row 1'];
const place = fc.tuple(fc.string(), fc.string(), fc.string());
const altered = expect.objectContaining({ code: 'ALTERED' });

describe('what was sealed', () => {
  it('opens to the same bytes, where it belongs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), place, (plain, at) => {
        expect(sealer.open(sealer.seal(plain, at), at).equals(plain)).toBe(true);
      }),
    );
  });

  it('opens nowhere else', () => {
    fc.assert(
      fc.property(place, place, (at, other) => {
        fc.pre(JSON.stringify(at) !== JSON.stringify(other));
        expect(() => sealer.open(sealer.seal('secret', at), other)).toThrow(altered);
      }),
    );
    // Not by moving a border between two names either.
    expect(() => sealer.open(sealer.seal('secret', ['a', 'b c']), ['a', 'b', 'c'])).toThrow(altered);
  });

  it('does not open with any bit changed', () => {
    const sealed = sealer.seal('secret', here);
    const at = sealed.lastIndexOf(':') + 1;
    const bytes = Buffer.from(sealed.slice(at), 'base64');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => sealer.open(sealed.slice(0, at) + changed.toString('base64'), here)).toThrow(altered);
    }
  });

  it.each([
    '',
    'secret',
    'whsec_c2VjcmV0',
    'sealed:1:',
    'sealed:1:0123456789abcdef:AAAA',
    'sealed:2:0123456789abcdef:'.padEnd(80, 'A'),
  ])('is not %j, which somebody wrote there', (value) => {
    expect(() => sealer.open(value, here)).toThrow(altered);
  });

  it('is another each time, and tells neither text nor key', () => {
    const [one, two] = [sealer.seal('secret', here), sealer.seal('secret', here)];
    expect(one).not.toBe(two);
    expect(Buffer.from(one.split(':').at(-1) ?? '', 'base64').includes('secret')).toBe(false);
  });

  it('names the key that is missing', () => {
    const sealed = sealer.seal('secret', here);
    expect(() => new Sealer(() => [newKey()]).open(sealed, here)).toThrow(
      expect.objectContaining({ code: 'KEY_MISSING', message: expect.stringContaining(keys[0]!.id) }),
    );
    expect(() => new Sealer(() => []).seal('secret', here)).toThrow(expect.objectContaining({ code: 'KEY_MISSING' }));
  });

  it('opens with older keys, and is sealed with the first, also when that comes later', () => {
    let known = [newKey()];
    const changing = new Sealer(() => known);
    const before = changing.seal('before', here);
    known = [newKey(), ...known];
    const after = changing.seal('after', here);
    expect([before, after].map((one) => changing.open(one, here).toString())).toEqual(['before', 'after']);
    expect(after).toContain(known[0]!.id);
    // Another process, that has not sealed since.
    const other = new Sealer(() => known);
    known = known.slice(0, 1);
    expect(other.open(after, here).toString()).toBe('after');
  });
});

describe('keys', () => {
  const text = () => randomBytes(32).toString('base64');

  it('come from the variable, or from the file, one a line', () => {
    const [one, two] = [text(), text()];
    const ids = parseKeys([one, two], 'x').map(({ id }) => id);
    const file = join(directory, 'keys');
    writeFileSync(file, `# the newest first\n${one}\n\n  ${two}  \n`);
    expect(readKeys(readConfig({ VEDETTE_SECRET_KEY_FILE: file })).map(({ id }) => id)).toEqual(ids);
    expect(readKeys(readConfig({ VEDETTE_SECRET_KEY: `${one},${two}` })).map(({ id }) => id)).toEqual(ids);
    expect(readKeys(readConfig({ VEDETTE_DATA_DIR: '/nowhere' }))).toEqual([]);
    expect(() => readConfig({ VEDETTE_SECRET_KEY: one, VEDETTE_SECRET_KEY_FILE: file })).toThrow('both are set');
  });

  it.each([
    ['of another length', randomBytes(16).toString('base64')],
    ['in hex', randomBytes(32).toString('hex')],
    ['with something behind', `${randomBytes(32).toString('base64')}x`],
    ['that is a pass phrase', 'correct horse battery staple'],
  ])('%s are none, and are not shown', (_, wrong) => {
    expect(() => readKeys(readConfig({ VEDETTE_SECRET_KEY: wrong }))).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.not.stringContaining(wrong) }),
    );
  });

  it('are written for their owner alone, as they are read', () => {
    const file = join(directory, 'new/secret.key');
    const both = [newKey(), newKey()];
    writeKeys(file, both);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readKeys(readConfig({ VEDETTE_SECRET_KEY_FILE: file }))).toEqual(both);
    expect(readFileSync(file, 'utf8')).toMatch(/^# .*\n/);
  });
});
