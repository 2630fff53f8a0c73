import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { appBundle } from './index.ts';
import { parseSnapFile, parseSnapVersion } from './parse.ts';

describe('parseSnapFile', () => {
  it.each([
    ['core22_1122.snap', { name: 'core22', revision: '1122' }],
    ['my_app_x1.snap', { name: 'my_app', revision: 'x1' }],
    ['.core22_1.snap', null],
    ['core22.snap', null],
    ['../a_1.snap', null],
  ])('%s → %j', (name, expected) => expect(parseSnapFile(name)).toEqual(expected));
});

describe('parseSnapVersion', () => {
  it.each([
    ["name: a\nversion: '1.2'\n", '1.2'],
    ['version: "20240111"\n', '20240111'],
    ['version: 3.1\r\n', '3.1'],
    ['apps:\n  version: 9\n', ''],
  ])('%j → %j', (text, expected) => expect(parseSnapVersion(text)).toBe(expected));

  it('takes any text', () => {
    const check = (text: string): void => {
      expect(parseSnapVersion(text).length).toBeLessThanOrEqual(201);
    };
    fc.assert(fc.property(hostileText("version: '1'\n"), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('app-bundle collector', () => {
  it('tells the snap in use from the one that is kept, and finds flatpaks', async () => {
    const host = fakeHost({
      '/var/lib/snapd/snaps/firefox_10.snap': '',
      '/var/lib/snapd/snaps/firefox_11.snap': '',
      '/snap/firefox/current': { link: '11' },
      '/snap/firefox/11/meta/snap.yaml': 'name: firefox\nversion: 140.0-1\n',
      '/var/lib/flatpak/app/org.gimp.GIMP/x86_64/stable/active': { link: 'abc123' },
    });
    expect((await runCollector(appBundle, host)).rows).toMatchObject([
      { manager: 'snap', name: 'firefox', revision: '10', active: false },
      { manager: 'snap', name: 'firefox', revision: '11', version: '140.0-1', active: true },
      { manager: 'flatpak', name: 'org.gimp.GIMP', revision: 'abc123', branch: 'stable', active: true },
    ]);
  });
});
