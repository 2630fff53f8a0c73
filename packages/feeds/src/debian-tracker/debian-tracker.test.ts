import { describe, expect, it } from 'vitest';
import { debianTracker } from './index.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const document = (tracker: object) => ({ name: 'debian-tracker.json', bytes: bytes(JSON.stringify(tracker)) });
const state = (entry: object, release = 'bookworm') => ({
  openssl: {
    'CVE-2025-0001': { scope: 'remote', releases: { [release]: { repositories: { [release]: '3.0.1-1' }, ...entry } } },
  },
});
const parse = (tracker: object, options = {}) => debianTracker.parse([document(tracker)], { minimumRecords: 0, ...options });

describe('debian-tracker', () => {
  it.each([
    ['a fix', { status: 'resolved', fixed_version: '3.0.15-1~deb12u1', urgency: 'medium' }, 'fixed 3.0.15-1~deb12u1 -'],
    ['version 0', { status: 'resolved', fixed_version: '0', urgency: 'unimportant' }, 'not-affected - -'],
    ['an open flaw', { status: 'open', urgency: 'not yet assigned' }, 'affected - -'],
    ['a flaw left to a point release', { status: 'open', urgency: 'low', nodsa: 'Minor', nodsa_reason: '' }, 'affected - no-dsa'],
    ['a postponed one', { status: 'open', urgency: 'low', nodsa: 'x', nodsa_reason: 'postponed' }, 'affected - postponed'],
    ['an ignored one', { status: 'open', urgency: 'low', nodsa: 'x', nodsa_reason: 'ignored' }, 'affected - ignored'],
    ['a package without support', { status: 'open', urgency: 'end-of-life' }, 'affected - end-of-life'],
    ['an unimportant flaw', { status: 'open', urgency: 'unimportant', nodsa: 'x' }, 'affected - unimportant'],
    ['an unimportant flaw with a fix', { status: 'resolved', fixed_version: '1', urgency: 'unimportant' }, 'fixed 1 unimportant'],
    ['an undetermined flaw', { status: 'undetermined', urgency: 'not yet assigned' }, 'affected - undetermined'],
  ])('reads %s', (_, entry, expected) => {
    const { advisories, problems } = parse(state(entry));
    expect(problems).toEqual([]);
    expect(advisories).toMatchObject([{ id: 'debian-tracker:CVE-2025-0001', vulnerabilities: ['CVE-2025-0001'] }]);
    const said = advisories[0]?.affected.map((one) => `${one.status} ${one.fixed ?? '-'} ${one.vendorState ?? '-'}`);
    expect(said).toEqual([expected]);
  });

  it('gathers what all packages say of one vulnerability', () => {
    const open = { releases: { bookworm: { status: 'open' }, sid: { status: 'open' } } };
    const { advisories, records } = parse({ openssl: { 'CVE-2025-0001': open }, edk2: { 'CVE-2025-0001': open } });
    expect(records).toBe(2);
    expect(advisories).toHaveLength(1);
    expect(advisories[0]?.affected.map((one) => `${one.release} ${one.package}`)).toEqual([
      'bookworm openssl',
      'sid openssl',
      'bookworm edk2',
      'sid edk2',
    ]);
  });

  it('keeps the name of a flaw that has no CVE yet', () => {
    const flaw = { releases: { sid: { status: 'open' } } };
    expect(parse({ bash: { 'TEMP-0841856-B18BAF': flaw } }).advisories).toMatchObject([
      { id: 'debian-tracker:TEMP-0841856-B18BAF', vulnerabilities: [], aliases: ['TEMP-0841856-B18BAF'] },
    ]);
  });

  it('keeps only the releases asked for', () => {
    const facts = parse(state({ status: 'open' }), { releases: new Set(['trixie']) });
    expect(facts).toMatchObject({ advisories: [], records: 1 });
  });

  it('passes over pockets that have packages of their own', () => {
    const releases = { bookworm: { status: 'open' }, 'bookworm-backports': { status: 'open' } };
    const { advisories, problems } = parse({ jq: { 'CVE-2025-0001': { releases } } });
    expect(problems).toEqual([]);
    expect(advisories[0]?.affected.map(({ release }) => release)).toEqual(['bookworm']);
  });

  it.each([
    ['a status of another kind', state({ status: 'closed' })],
    ['a version that is none', state({ status: 'resolved', fixed_version: '$(id)' })],
    ['a fix without a version', state({ status: 'resolved' })],
    ['a release that is none', state({ status: 'open' }, '../etc')],
    ['a list of releases', { openssl: { 'CVE-2025-0001': { releases: [] } } }],
    ['a name that is none', { openssl: { 'CVE-<script>': { releases: {} } } }],
    ['a package that is none', { __proto: { 'CVE-2025-0001': { releases: {} } } }],
  ])('notes %s and says nothing of it', (_, tracker) =>
    expect(parse(tracker)).toMatchObject({ advisories: [], records: 1, problems: [{ file: 'debian-tracker.json' }] }),
  );

  it.each([
    ['a package that is no object', '{"openssl": []}', 'SCHEMA'],
    ['a cut document', '{"a1": {}, "openssl": {"CVE-2025-0001": {', 'TRUNCATED'],
    ['text behind the end', '{"a1": {}} x', 'TRUNCATED'],
    ['a page of a proxy', '<html>', 'SCHEMA'],
    ['a list', '[]', 'SCHEMA'],
    ['deep nesting', `{"openssl": {"CVE-2025-0001": ${'['.repeat(50_000)}${']'.repeat(50_000)}}, "x": 1}`, 'SCHEMA'],
  ])('refuses %s', (_, text, code) => {
    expect(() => debianTracker.parse([{ name: 'debian-tracker.json', bytes: bytes(text) }], { minimumRecords: 0 })).toThrow(
      expect.objectContaining({ name: 'FeedError', code }),
    );
  });

  it('refuses a short document although it is well-formed', () => {
    expect(() => debianTracker.parse([document(state({ status: 'open' }))])).toThrow(
      expect.objectContaining({ code: 'TOO_FEW_RECORDS' }),
    );
  });
});
