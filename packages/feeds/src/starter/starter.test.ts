import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeedError } from '../errors.ts';
import { readStarter, type StarterInput, writeStarter } from './index.ts';

const day = fc
  .date({ min: new Date('1999-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const cve = fc
  .tuple(fc.integer({ min: 1999, max: 2099 }), fc.integer({ min: 1, max: 9_999_999 }))
  .map(([year, number]) => `CVE-${year}-${String(number).padStart(4, '0')}`);
const name = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'jq', 'libc'), fc.string({ maxLength: 20 }));
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0); // JSON knows no minus zero

const input: fc.Arbitrary<StarterInput> = fc.record({
  madeAt: fc.constant('2026-11-20T00:00:00Z'),
  origins: fc.array(
    fc.record({ feed: name, location: name, retrievedAt: name, sha256: fc.constant('0'.repeat(64)), licence: name }),
    { maxLength: 3 },
  ),
  advisories: fc.array(
    fc.record({
      id: name,
      feed: name,
      published: orNull(day),
      vulnerabilities: fc.array(cve, { maxLength: 5 }),
      affected: fc.array(
        fc.record({
          ecosystem: fc.constant('debian' as const),
          release: name,
          package: name,
          status: fc.constantFrom('fixed', 'affected', 'not-affected'),
          introduced: orNull(name),
          fixed: orNull(name),
        }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 6 },
  ),
  vulnerabilities: fc.uniqueArray(
    fc.record({
      id: cve,
      published: orNull(day),
      cvss: fc.array(
        fc.record({
          version: fc.constantFrom('2.0', '3.0', '3.1', '4.0'),
          vector: name,
          score: fc.integer({ min: 0, max: 100 }).map((tenths) => tenths / 10),
          source: name,
        }),
        { maxLength: 3 },
      ),
      cwe: fc.array(name, { maxLength: 3 }),
      kevSince: orNull(day),
      epss: orNull(fc.record({ score: share, percentile: share, date: day })),
    }),
    { maxLength: 6, selector: (facts) => facts.id },
  ),
});

const byYearAndNumber = (a: { id: string }, b: { id: string }) =>
  Number(a.id.slice(4, 8)) - Number(b.id.slice(4, 8)) || Number(a.id.slice(9)) - Number(b.id.slice(9));

/** What the call throws, unless it is a FeedError. */
function unexpectedErrorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error instanceof FeedError ? null : error;
  }
  return null;
}

describe('the starter', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(input, (knowledge) => {
        expect(readStarter(writeStarter(knowledge))).toEqual({
          ...knowledge,
          vulnerabilities: knowledge.vulnerabilities.toSorted(byYearAndNumber),
        });
      }),
    );
  });

  it('throws nothing but FeedError for any damage', () => {
    const damage = fc.tuple(
      input,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom('', '-', '9', '99999999', 'null', '[', '"x"'),
    );
    fc.assert(
      fc.property(damage, ([knowledge, where, put]) => {
        const text = writeStarter(knowledge);
        const at = Math.floor(where * text.length);
        expect(unexpectedErrorOf(() => readStarter(text.slice(0, at) + put + text.slice(at + 1)))).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['', 'TRUNCATED'],
    ['{"format": "vedette-starter/1"', 'TRUNCATED'],
    ['{"format": "vedette-starter/2"}', 'SCHEMA'],
    ['[]', 'SCHEMA'],
  ])('refuses %j', (text, code) => expect(() => readStarter(text)).toThrow(expect.objectContaining({ name: 'FeedError', code })));

  it.each([
    ['another ecosystem', { ecosystem: 'npm' as const }],
    ['a last affected version', { lastAffected: '1' }],
    ['a module', { module: 'nodejs:18' }],
  ])('refuses to carry %s, which the form would lose', (_, more) => {
    const plain = {
      ecosystem: 'debian',
      release: 'bookworm',
      package: 'jq',
      status: 'affected',
      introduced: null,
      fixed: null,
    } as const;
    const advisory = { id: 'x', feed: 'x', published: null, vulnerabilities: [], affected: [{ ...plain, ...more }] };
    expect(() => writeStarter({ madeAt: '', origins: [], advisories: [advisory], vulnerabilities: [] })).toThrow(FeedError);
  });

  it('refuses to carry what is no CVE', () => {
    const advisory = { id: 'x', feed: 'x', published: null, vulnerabilities: ['TEMP-0000000'], affected: [] };
    expect(() => writeStarter({ madeAt: '', origins: [], advisories: [advisory], vulnerabilities: [] })).toThrow(FeedError);
  });
});

const path = resolve(import.meta.dirname, '../../../../content/knowledge/starter.json.zst');

describe('content/knowledge/starter.json.zst', () => {
  it('is there, small, and knows Debian bookworm', () => {
    expect(existsSync(path)).toBe(true);
    const packed = readFileSync(path);
    expect(packed.length).toBeLessThan(2 * 1024 * 1024);
    const starter = readStarter(zstdDecompressSync(packed).toString());
    const bookworm = starter.advisories.filter((advisory) => advisory.affected.some((one) => one.release === 'bookworm'));
    expect(new Set(bookworm.flatMap((advisory) => advisory.vulnerabilities)).size).toBeGreaterThan(9000);
    expect(starter.origins.map((origin) => origin.location).filter((location) => location.startsWith('/'))).toEqual([]);
  });
});
