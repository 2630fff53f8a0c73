import { describe, expect, it } from 'vitest';
import { endOfLife } from './index.ts';

const parse = (content: unknown, name = 'endoflife.json') =>
  endOfLife.parse([{ name, bytes: new TextEncoder().encode(JSON.stringify(content)) }], { minimumRecords: 0 });
const v1 = (name: string, ...releases: object[]) => parse({ schema_version: '1.2.0', result: [{ name, label: 'x', releases }] });

describe('end-of-life', () => {
  it('reads all products of the v1 interface', () => {
    const release = {
      name: '22.04',
      codename: 'Jammy Jellyfish',
      releaseDate: '2022-04-21',
      isLts: true,
      ltsFrom: '2022-04-21',
      isEoas: true,
      eoasFrom: '2024-09-30',
      isEol: false,
      eolFrom: '2027-04-01',
      isEoes: false,
      eoesFrom: '2032-04-09',
    };
    expect(v1('ubuntu', release)).toMatchObject({
      records: 1,
      problems: [],
      lifecycles: [
        {
          product: 'ubuntu',
          cycle: '22.04',
          ecosystem: 'ubuntu',
          release: 'jammy',
          released: '2022-04-21',
          isLongTerm: true,
          activeSupportEnds: '2024-09-30',
          securitySupportEnds: '2027-04-01',
          extendedSupportEnds: '2032-04-09',
        },
      ],
    });
  });

  it.each([
    [{ eol: '2026-06-10' }, { securitySupportEnds: '2026-06-10' }],
    [{ eol: true }, { securitySupportEnds: true }],
    [{ eol: false }, { securitySupportEnds: false }],
    [{ eol: null, isEol: true }, { securitySupportEnds: true }],
    [{ eol: 'soon' }, { securitySupportEnds: null }],
    [{ support: true }, { activeSupportEnds: false }],
    [{ support: false }, { activeSupportEnds: true }],
    [{ support: '2025-01-01' }, { activeSupportEnds: '2025-01-01' }],
    [{ extendedSupport: true }, { extendedSupportEnds: false }],
    [{ extendedSupport: false }, { extendedSupportEnds: null }],
    [{ extendedSupport: '2028-01-01' }, { extendedSupportEnds: '2028-01-01' }],
    [{ lts: true }, { isLongTerm: true }],
    [{ lts: '2028-06-30' }, { isLongTerm: true }],
    [{ lts: false }, { isLongTerm: false }],
    [{}, { isLongTerm: false, activeSupportEnds: null, securitySupportEnds: null, extendedSupportEnds: null }],
  ])('understands %j of the first interface', (said, expected) => {
    expect(parse([{ cycle: '12', ...said }], 'endoflife-debian.json').lifecycles).toMatchObject([{ cycle: '12', ...expected }]);
  });

  it.each([
    ['debian', '12', 'debian', 'bookworm'],
    ['rhel', '9', 'redhat', '9'],
    ['rocky-linux', '9', 'rocky', '9'],
    ['almalinux', '10', 'almalinux', '10'],
    ['oracle-linux', '8', 'oracle', '8'],
    ['alpine-linux', '3.20', 'alpine', '3.20'],
    ['amazon-linux', '2023', 'amazon', '2023'],
    ['sles', '15.6', 'suse', '15.6'],
    ['opensuse', '15.6', 'opensuse', '15.6'],
    ['fedora', '43', 'fedora', '43'],
    ['windows-server', '2022', null, null],
    ['nginx', '1.28', null, null],
  ])('calls %s %s as advisories do: %s %s', (product, cycle, ecosystem, release) => {
    expect(v1(product, { name: cycle }).lifecycles).toMatchObject([{ product, cycle, ecosystem, release }]);
  });

  it('reads a product on its own', () => {
    expect(parse({ result: { name: 'nginx', releases: [{ name: '1.28' }] } }).lifecycles).toHaveLength(1);
  });

  it.each([
    ['a list', []],
    ['a number', 7],
    ['a name that is none', { name: '<script>' }],
  ])('notes a release that is %s', (_, release) =>
    expect(parse([release], 'endoflife-debian.json')).toMatchObject({ lifecycles: [], problems: [{ line: 1 }] }),
  );

  it.each([
    ['a list whose file names no product', [], 'endoflife.json'],
    ['a product whose name is none', { result: { name: '../x', releases: [] } }, 'endoflife.json'],
    ['an object of something else', {}, 'endoflife.json'],
  ])('refuses %s', (_, content, name) =>
    expect(() => parse(content, name)).toThrow(expect.objectContaining({ name: 'FeedError', code: 'SCHEMA' })),
  );
});
