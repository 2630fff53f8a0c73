import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  entities,
  type Field,
  matchesThing,
  parseQuery,
  pointAt,
  QueryError,
  queryLimits,
  writeQuery,
  type Thing,
} from './index.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const day = 86_400_000;

function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function matches(text: string, thing: Thing): boolean {
  const { query } = parseQuery(text, 'asset', now);
  return query === null || matchesThing(query, thing, byNumbers);
}

function faultIn(text: string): QueryError | null {
  try {
    parseQuery(text, 'asset', now);
    return null;
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
}

function faultOf(text: string): QueryError {
  const fault = faultIn(text);
  if (!fault) throw new Error(`no fault in ${text}`);
  return fault;
}

const web: Thing = {
  hostname: 'Web-01.example.org',
  os: 'Debian GNU/Linux 12 (bookworm)',
  release: 'bookworm',
  state: 'active',
  pendingRestart: true,
  packages: 700,
  critical: 0,
  lastSeen: now - 2 * day,
  firstSeen: Date.parse('2026-11-01T00:00:00Z'),
  software: [
    { name: 'openssl', version: '3.0.14', ecosystem: 'debian' },
    { name: 'curl', version: '7.88.1', ecosystem: 'debian' },
  ],
  detection: [
    { name: 'CVE-2026-0001', severity: 5, kev: false, cvss: 9.8, package: ['openssl', 'libssl3'] },
    { name: 'CVE-2026-0002', severity: 2, kev: true, cvss: null, package: 'curl' },
  ],
};

describe('a query', () => {
  it.each([
    ['', true],
    ['web', true],
    ['WEB', true],
    ['bookworm', true], // a word alone looks into the operating system, too
    ['mail', false],
    ['web mail', false],
    ['web or mail', true],
    ['not web', false],
    ['not mail web', true],
    ['mail or web and bookworm', true],
    ['(mail or web) and nothing', false],
    ['hostname:web', true],
    ['hostname:=web', false],
    ['hostname:=web-01.example.org', true],
    ['hostname:web-??.*', true],
    ['hostname:"web-??"', false],
    ['hostname:!=web', true],
    ['os:"GNU/Linux 12"', true],
    ['release:book', false],
    ['release:BOOKWORM', true],
    ['release:book*', true],
    ['release:(bullseye or bookworm)', true],
    ['release:(not bookworm)', false],
    ['state:active', true],
    ['pendingRestart:yes', true],
    ['pendingrestart:false', false],
    ['packages:700', true],
    ['packages:>700', false],
    ['packages:>=700 packages:<=700', true],
    ['packages:<700', false],
    ['packages:600..700', true],
    ['packages:701..800', false],
    ['packages:>699.5', true],
    ['critical:0', true],
    ['medium:*', false], // this one has no such value
    ['critical:*', true],
    ['lastSeen:<now-1d', true],
    ['lastSeen:>now-1d', false],
    ['lastSeen:2026-11-20', true],
    ['lastSeen:2026-11', true],
    ['lastSeen:>2026-11-20', false],
    ['lastSeen:>=2026-11-20', true],
    ['lastSeen:<=2026-11-20', true],
    ['lastSeen:<2026-11-20', false],
    ['lastSeen:2026-11-19..2026-11-20', true],
    ['firstSeen:2026-11-01T00:00Z', true],
    ['firstSeen:2026', true],
    ['software:(name:openssl and version:<3.0.15)', true],
    ['software:(name:curl and version:<3.0.15)', false],
    ['software:(name:openssl and version:>=3.0.14)', true],
    ['software:(name:openssl version:3.0.10..3.0.20)', true],
    ['software:(name:openssl version:3.*)', true],
    ['software.name:openssl', true],
    ['not software.name:nginx', true],
    ['detection:(severity:critical and kev:true)', false], // not of one and the same
    ['detection:(severity:critical) detection:(kev:true)', true],
    ['detection:(severity:>=high)', true],
    ['detection:(cvss:>9.8)', false],
    ['detection:(cvss:9.8)', true],
    ['detection:(package:libssl3)', true],
    ['detection:(CVE-2026-0002)', true],
  ])('%s', (text, expected) => {
    expect(matches(text, web)).toBe(expected);
  });

  it.each([
    ['hostnam:web', 'unknown-field', 'hostnam', 'did you mean hostname?'],
    ['web and colour:red', 'unknown-field', 'colour', 'there are hostname'],
    ['severity>=4', 'syntax', '>=', 'needs a field and a colon before it'],
    ['packages:', 'syntax', '', 'a value is missing here'],
    ['packages:>=', 'syntax', '', 'a value is missing here'],
    ['packages:many', 'bad-value', 'many', 'packages takes a number, not "many"'],
    ['packages:1e3', 'bad-value', '1e3', 'takes a number'],
    [`packages:${'9'.repeat(16)}`, 'bad-value', '9'.repeat(16), 'takes a number'],
    ['web packages:9..3', 'bad-value', '9..3', 'nothing lies between: 9 is behind 3'],
    ['lastSeen:now-1d..now-7d', 'bad-value', 'now-1d..now-7d', 'nothing lies between'],
    ['detection:(severity:high..low)', 'bad-value', 'high..low', 'nothing lies between'],
    ['hostname:web\u{1f600} colour:red', 'unknown-field', 'colour', 'there are hostname'],
    ['hostname:>=web', 'bad-operator', 'web', 'has no order'],
    ['pendingRestart:>true', 'bad-operator', 'true', 'has no order'],
    ['software:(name:(version:3))', 'misplaced', 'version', 'only values of name'],
    ['software.name.x:y', 'unknown-field', 'software.name.x', 'has no field "name.x"'],
    ['software:*', 'bad-value', '*', 'takes a query in parentheses'],
    ['firstSeen:2026-02-30', 'bad-value', '2026-02-30', 'takes a time such as'],
    ['firstSeen:yesterday', 'bad-value', 'yesterday', 'takes a time such as'],
    ['pendingRestart:maybe', 'bad-value', 'maybe', 'true or false'],
    ['state:lost', 'bad-value', 'lost', 'one of enrolling, active'],
    ['hostname:>web', 'bad-operator', 'web', 'has no order'],
    ['software:openssl', 'bad-value', 'openssl', 'takes a query in parentheses'],
    ['detection:(severity:6)', 'bad-value', '6', '1 to 5'],
    ['(web or mail', 'syntax', '', 'a closing parenthesis is missing'],
    ['web)', 'syntax', ')', 'no parenthesis is open'],
    ['web and', 'syntax', '', 'something is missing after "and"'],
    ['web or or mail', 'syntax', '', 'something is missing after "or"'],
    ['not', 'syntax', '', 'something is missing after "not"'],
    ['()', 'syntax', '()', 'nothing between these parentheses'],
    ['hostname:"web', 'syntax', '"', 'not closed'],
    ['release:(hostname:web)', 'misplaced', 'hostname', 'only values of release'],
    ['web or asOf:2026-11-01', 'misplaced', 'asOf:2026-11-01', 'at the top'],
    ['asOf:2026-11-01 asOf:2026-11-02', 'misplaced', 'asOf:2026-11-02', 'stands twice'],
    ['asOf:2027-01-01', 'bad-value', '2027-01-01', 'still to come'],
    ['web asOf:2026-11-22T12:05:01Z', 'bad-value', '2026-11-22T12:05:01Z', 'still to come'],
    ['asOf:soon', 'bad-value', 'soon', 'takes a time'],
    ['asOf:>2026-11-01', 'bad-operator', 'asOf:>2026-11-01', 'one moment'],
    ['hostname.x:web', 'unknown-field', 'hostname.x', 'has no field "x"'],
  ])('%s is refused, pointing at the part', (text, code, part, reason) => {
    const fault = faultOf(text);
    expect([fault.code, text.slice(fault.from, fault.to)]).toEqual([code, part]);
    expect(fault.message).toContain(reason);
  });

  it('names a moment of the past beside the rest', () => {
    expect(parseQuery('asOf:2026-11-01 and web', 'asset', now).asOf).toBe(Date.parse('2026-11-02T00:00:00Z') - 1);
    expect(parseQuery('asOf:now-1d', 'asset', now)).toEqual({ query: null, asOf: now - day });
    expect(parseQuery('asOf:2026-11-22', 'asset', now).asOf).toBe(now);
    // By a clock that is a little ahead of ours.
    expect(parseQuery('asOf:2026-11-22T12:04:00.000Z', 'asset', now).asOf).toBe(now);
    expect(parseQuery('web', 'asset', now).asOf).toBeNull();
  });

  it('shows the wrong part under the text', () => {
    const text = 'web and colour:red';
    expect(pointAt(text, faultOf(text)).split('\n').slice(0, 2)).toEqual([text, '        ^^^^^^']);
  });

  it.each([
    ['a'.repeat(queryLimits.length + 1), 'characters'],
    [Array.from({ length: queryLimits.terms + 1 }, () => 'a').join(' '), 'terms'],
    [`${'('.repeat(queryLimits.depth + 2)}a${')'.repeat(queryLimits.depth + 2)}`, 'levels'],
    [`${'not '.repeat(queryLimits.depth + 2)}a`, 'levels'],
  ])('that is too large is refused: %#', (text, reason) => {
    const fault = faultOf(text);
    expect(fault.code).toBe('too-large');
    expect(fault.message).toContain(reason);
  });

  it('is understood or refused with a position inside, whatever is written', () => {
    const token = fc.constantFrom(
      '(',
      ')',
      'and',
      'or',
      'not',
      'hostname:',
      'packages:',
      '>=',
      '"',
      '\\',
      '*',
      'web',
      '3..5',
      'software:(',
      ' ',
      '..',
    );
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.array(token, { maxLength: 20 }).map((tokens) => tokens.join('')),
      fc.array(token, { maxLength: 20 }).map((tokens) => tokens.join(' ')),
    );
    fc.assert(
      fc.property(text, (written) => {
        const fault = faultIn(written);
        expect(fault === null || (0 <= fault.from && fault.from <= fault.to && fault.to <= written.length)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

const word = fc.stringMatching(/^[a-z0-9 ."\\()*?:-]{1,8}$/);
const term = fc.oneof(
  word.map((value) => `hostname:${JSON.stringify(value)}`),
  word.map((value) => `hostname:=${JSON.stringify(value)}`),
  fc.constantFrom('release:book*', 'critical:*', 'state:active', 'pendingRestart:true', 'web', 'release:!=bookworm'),
  fc
    .tuple(fc.constantFrom('', '<', '<=', '>', '>=', '!='), fc.integer({ min: 690, max: 710 }))
    .map(([operator, value]) => `packages:${operator}${value}`),
  fc
    .tuple(fc.constantFrom('', '<', '<=', '>', '>='), fc.constantFrom('2026', '2026-11', '2026-11-20', 'now-2d'))
    .map(([operator, value]) => `lastSeen:${operator}${value}`),
  fc
    .tuple(fc.constantFrom('', '<', '>='), fc.constantFrom('3.0.14', '3.0.13..3.0.15'))
    .filter(([operator, value]) => operator === '' || !value.includes('..'))
    .map(([operator, value]) => `software:(name:openssl and version:${operator}${value})`),
);
const { text: anyQuery } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    term,
    fc.tuple(tie('text'), fc.constantFrom(' and ', ' or ', ' '), tie('text')).map(([a, joint, b]) => `(${a}${joint}${b})`),
    tie('text').map((a) => `not ${a}`),
  ),
}));

describe('a query written again', () => {
  it('means the same', () => {
    const hosts = fc.record({
      hostname: fc.oneof(word, fc.constant('web-01')),
      packages: fc.integer({ min: 695, max: 705 }),
      lastSeen: fc.constantFrom(now, now - 2 * day, now - 40 * day),
    });
    fc.assert(
      fc.property(anyQuery, hosts, (text, host) => {
        const { query } = parseQuery(text, 'asset', now);
        if (!query) throw new Error('no query of terms is empty');
        const written = writeQuery(query);
        const again = parseQuery(written, 'asset', now).query;
        if (!again) throw new Error(`nothing was left of ${written}`);
        expect(matchesThing(again, { ...web, ...host }, byNumbers)).toBe(matchesThing(query, { ...web, ...host }, byNumbers));
      }),
      { numRuns: 1000 },
    );
  });
});

/** Terms of every field of every kind of thing. */
function termsOf({ name, type, choices = [] }: Field): fc.Arbitrary<string> {
  const value = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text.replaceAll(/\p{Cc}/gu, '')));
  const ordered = (values: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(fc.constantFrom('', '=', '!=', '<', '<=', '>', '>='), values).map(([operator, one]) => `${name}:${operator}${one}`);
  const moments = fc.constantFrom('2026', '0000', '9999', '2026-11', '2026-11-22T10:00Z', 'now', 'now-999999w', 'now+999999w');
  const numbers = fc.tuple(fc.integer(), fc.nat(999_999)).map(([whole, part]) => `${whole}.${String(part).padStart(6, '0')}`);
  const terms: Record<Field['type'], fc.Arbitrary<string>> = {
    text: fc.tuple(fc.constantFrom('', '=', '!='), value).map(([operator, text]) => `${name}:${operator}${text}`),
    keyword: fc.oneof(value, fc.constantFrom('a*', '?b.c', '*')).map((text) => `${name}:${text}`),
    choice: fc.constantFrom('never', ...choices).map((text) => `${name}:${text}`),
    boolean: fc.constantFrom('true', 'no').map((text) => `${name}:${text}`),
    severity: ordered(fc.constantFrom('1', 'critical')),
    number: ordered(fc.oneof(numbers, fc.integer().map(String))),
    instant: ordered(moments),
    version: ordered(fc.oneof(value, fc.constantFrom('3.0.15', '1:2~rc1'))),
    nested: fc.constant('web'),
  };
  return terms[type].filter((term) => term !== `${name}:never`);
}

describe('a query of any kind', () => {
  it.each(Object.values(entities).map((entity) => [entity.name, entity] as const))(
    'about %s is written, read and written the same',
    (about, { fields }) => {
      const any = fc.letrec<{ text: string }>((tie) => ({
        text: fc.oneof(
          { maxDepth: 3, withCrossShrink: true },
          fc.oneof(...fields.map(termsOf)),
          ...fields.flatMap(({ name, of }) =>
            of ? [fc.oneof(...entities[of].fields.map(termsOf)).map((inner) => `${name}:(${inner})`)] : [],
          ),
          fc.tuple(tie('text'), fc.constantFrom(' and ', ' or '), tie('text')).map(([a, joint, b]) => `(${a}${joint}${b})`),
          tie('text').map((a) => `not ${a}`),
        ),
      })).text;
      fc.assert(
        fc.property(any, (text) => {
          const { query } = parseQuery(text, about, now);
          if (!query) throw new Error('no query of terms is empty');
          const written = writeQuery(query);
          const again = parseQuery(written, about, now).query;
          expect(again && writeQuery(again)).toBe(written);
        }),
        { numRuns: 500 },
      );
    },
  );
});

describe('the fields', () => {
  it.each(
    Object.values(entities).flatMap((entity) => entity.fields.map((field) => [entity.name, field.name, field.example] as const)),
  )('of %s: %s is shown by an example that is understood', (about, name, example) => {
    expect(example.startsWith(`${name}:`)).toBe(true);
    expect(parseQuery(example, about, now).query).not.toBeNull();
  });
});
