import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Manifest, manifestLimits, type Probe } from '@vedette/protocol';
import { readManifest } from './read-manifest.ts';

const every: Probe[] = [
  { id: 'a', kind: 'file', path: '/etc/shadow', onlyIf: '/etc' },
  { id: 'b', kind: 'writable', directories: ['/etc'] },
  { id: 'c', kind: 'hash', path: '/usr/bin/*' },
  { id: 'd', kind: 'line', path: '/etc/issue' },
  { id: 'e', kind: 'extract', path: '/etc/issue', pattern: '(a+)+$' },
  { id: 'f', kind: 'setting', files: ['/etc/x'], format: 'ini', section: 's', key: 'k', winner: 'last' },
  { id: 'g', kind: 'sshd', key: 'Port' },
  { id: 'h', kind: 'sysctl', name: 'kernel.x' },
  { id: 'i', kind: 'unit', names: ['a.service'] },
  { id: 'j', kind: 'release' },
];
const manifest = (more: object = {}) => ({ format: 1, version: 7, probes: every, ...more });
const read = (value: unknown) => readManifest(JSON.stringify(value));

describe('readManifest', () => {
  it('reads every kind of probe as the schema does', () => {
    expect(read(manifest())).toEqual({ version: 7, probes: Manifest.parse(manifest()).probes });
    expect(read(manifest({ collectors: ['dpkg'] })).collectors).toEqual(['dpkg']);
  });

  it('keeps a probe of a kind that it does not know as one that it does not understand', () => {
    expect(read(manifest({ probes: [{ id: 'x', kind: 'shell', command: 'id' }] })).probes).toEqual([
      { id: 'x', kind: 'unknown' },
    ]);
  });

  it.each([
    ['another format', manifest({ format: 2 })],
    ['no version', manifest({ version: 0 })],
    ['a fraction as version', manifest({ version: 1.5 })],
    ['too many probes', manifest({ probes: Array.from({ length: 513 }, (_, index) => ({ id: `p${index}`, kind: 'release' })) })],
    ['two probes of one name', manifest({ probes: [every[0], every[0]] })],
    ['a probe without a name', manifest({ probes: [{ kind: 'release' }] })],
    [
      'a name of an object',
      manifest({ probes: [{ id: 'x', kind: 'constructor', path: '/' }].concat([{ id: '__proto__', kind: 'file', path: '/' }]) }),
    ],
    ['a relative path', manifest({ probes: [{ id: 'x', kind: 'file', path: 'etc/shadow' }] })],
    ['two stars', manifest({ probes: [{ id: 'x', kind: 'file', path: '/etc/*/*' }] })],
    ['a long pattern', manifest({ probes: [{ id: 'x', kind: 'extract', path: '/etc/issue', pattern: 'a'.repeat(201) }] })],
    ['many places', manifest({ probes: [{ id: 'x', kind: 'writable', directories: Array.from({ length: 17 }, () => '/etc') }] })],
    ['no place', manifest({ probes: [{ id: 'x', kind: 'writable', directories: [] }] })],
    ['a list', []],
    ['a text', 'manifest'],
  ])('refuses %s', (_, value) => expect(() => read(value)).toThrow(/malformed|not|one name|none/));

  it('refuses what is no JSON, and what is too large before it reads it', () => {
    expect(() => readManifest('{')).toThrow('no JSON');
    expect(() => readManifest(' '.repeat(manifestLimits.bytes + 1))).toThrow('larger');
  });

  it('takes nothing that the schema refuses', () => {
    const probe = fc.record({
      id: fc.oneof(fc.constantFrom('a', 'b', 'A', ''), fc.string()),
      kind: fc.constantFrom('file', 'sysctl', 'unit', 'setting', 'extract', 'release'),
      path: fc.oneof(fc.constantFrom('/etc/a', '/etc/*', '/*/a', '', '/'), fc.string()),
      pattern: fc.string(),
      name: fc.oneof(fc.constantFrom('kernel.a', 'K.a'), fc.string()),
      names: fc.array(fc.constantFrom('a.service', 'b')),
      files: fc.array(fc.constantFrom('/etc/a', 'b')),
      format: fc.constantFrom('ini', 'xml'),
      key: fc.string(),
      winner: fc.constantFrom('first', 'second'),
    });
    fc.assert(
      fc.property(fc.array(probe, { maxLength: 2 }), (probes) => {
        const content = JSON.stringify({ format: 1, version: 1, probes });
        let taken: unknown = null;
        try {
          taken = readManifest(content);
        } catch {
          return;
        }
        expect(taken).toMatchObject({ probes: Manifest.parse(JSON.parse(content)).probes });
      }),
    );
  });

  it('takes what the platform comes with', () => {
    const content = JSON.parse(readFileSync(new URL('../../../../content/posture/linux.json', import.meta.url), 'utf8')) as {
      checks: { reads: { probe: Probe }[] }[];
    };
    const probes = [...new Map(content.checks.flatMap(({ reads }) => reads.map(({ probe }) => [probe.id, probe]))).values()];
    expect(read(manifest({ probes })).probes).toEqual(probes);
  });
});
