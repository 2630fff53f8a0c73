import { describe, expect, it } from 'vitest';
import { debianPurl } from './purl.ts';

describe('debianPurl', () => {
  it.each([
    ['openssl', '3.0.11-1~deb12u2', 'amd64', 'bookworm', 'pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=bookworm'],
    [
      'libstdc++6',
      '12.2.0-14+deb12u1',
      'amd64',
      'bookworm',
      'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=bookworm',
    ],
    ['vim', '2:9.0.1378-2', 'amd64', 'bookworm', 'pkg:deb/debian/vim@2:9.0.1378-2?arch=amd64&distro=bookworm'],
    ['foo', '1.0', '', '', 'pkg:deb/debian/foo@1.0'],
    ['foo', '1?0#1', 'all', 'sid', 'pkg:deb/debian/foo@1%3F0%231?arch=all&distro=sid'],
  ])('of %s %s (%s, %s)', (...[name, version, architecture, release, purl]) => {
    expect(debianPurl({ name, version, architecture }, release)).toBe(purl);
  });
});
