import { describe, expect, it } from 'vitest';
import { fakeHost } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { dpkg } from './index.ts';
import { isStatusFragment } from './parse.ts';

const stanza = (name: string): string =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n\n`;

describe('isStatusFragment', () => {
  it.each([
    ['base-files', true],
    ['libc6', true],
    ['base-files.md5sums', false],
    ['.wh.base-files', false],
  ])('%s → %s', (name, expected) => expect(isStatusFragment(name)).toBe(expected));
});

describe('dpkg collector', () => {
  it('reads the database and the fragments of distroless images', async () => {
    const host = fakeHost({
      '/var/lib/dpkg/status': stanza('bash'),
      '/var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nArchitecture: all\nVersion: 2025b-0\n',
      '/var/lib/dpkg/status.d/tzdata.md5sums': 'd41d8cd98f00b204e9800998ecf8427e  usr/share/zoneinfo/UTC\n',
    });
    const run = await runCollector(dpkg, host);
    expect(run).toMatchObject({ status: 'complete', rows: [{ name: 'bash' }, { name: 'tzdata', state: 'installed' }] });
  });

  it('is partial when one stanza is broken, and keeps the others', async () => {
    const host = fakeHost({ '/var/lib/dpkg/status': `${stanza('bash')}Package: Bro ken\nStatus: x\n\n${stanza('zsh')}` });
    const run = await runCollector(dpkg, host);
    expect(run.status).toBe('partial');
    expect(run.rows.map((row) => row['name'])).toEqual(['bash', 'zsh']);
    expect(run.problems).toEqual([{ path: '/var/lib/dpkg/status', code: 'MALFORMED', count: 1 }]);
  });

  it('fails rather than report no packages when the database cannot be read', async () => {
    const host = fakeHost({ '/var/lib/dpkg/status': { error: 'IO' }, '/var/lib/dpkg/status.d/tzdata': 'Package: tzdata\n' });
    expect(await runCollector(dpkg, host)).toMatchObject({ status: 'failed', rows: [] });
  });

  it('answers no packages on a system without dpkg', async () => {
    expect(await runCollector(dpkg, fakeHost({}))).toMatchObject({ status: 'complete', rows: [] });
  });
});
