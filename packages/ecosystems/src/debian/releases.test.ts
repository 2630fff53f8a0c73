import { describe, expect, it } from 'vitest';
import { debianRelease } from './releases.ts';

describe('debianRelease', () => {
  it.each([
    [{ id: 'debian', versionId: '12', codename: 'bookworm' }, 'bookworm'],
    [{ id: 'debian', versionId: '13', codename: 'trixie' }, 'trixie'],
    [{ id: 'debian', versionId: '10', codename: '' }, 'buster'],
    [{ id: 'debian', versionId: '9.13', codename: '' }, 'stretch'],
    [{ id: 'debian', versionId: '', codename: 'forky' }, 'forky'],
    [{ id: 'debian', versionId: '', codename: 'sid' }, 'sid'],
    [{ id: 'debian', versionId: '', codename: '' }, null],
    [{ id: 'debian', versionId: '99', codename: 'unheard' }, null],
    [{ id: 'debian', versionId: '12', codename: 'trixie' }, null],
    [{ id: 'debian', versionId: '12', codename: 'unheard' }, null],
    [{ id: 'ubuntu', versionId: '24.04', codename: 'noble' }, null],
    [{ id: 'raspbian', versionId: '12', codename: 'bookworm' }, null],
    [{ id: 'devuan', versionId: '5', codename: 'daedalus' }, null],
    [{ id: 'kali', versionId: '2026.1', codename: 'kali-rolling' }, null],
    [{ id: '', versionId: '12', codename: 'bookworm' }, null],
  ])('%j is %s', (os, release) => {
    expect(debianRelease(os)).toBe(release);
  });
});
