import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readHostSettings, readProfile, saveProfile } from './setting-sources.ts';

describe('the sources of settings', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vedette-settings-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is nothing where there is no file', () => expect(readHostSettings(join(directory, 'none.json'))).toEqual({}));

  it('takes a file with settings, also beyond the limits, which clamp them', () => {
    const file = join(directory, 'settings.json');
    writeFileSync(file, '{"cpuPercent": 50, "suspended": true}');
    expect(readHostSettings(file)).toEqual({ cpuPercent: 50, suspended: true });
  });

  it.each([
    ['{"cpu": 5}', /unknown setting cpu/],
    ['{"cpuPercent": "5", "suspended": 1}', /cpuPercent: host: not a number; suspended: host: not true or false/],
    ['[]', /not a JSON object/],
    ['{', /JSON/],
    [`{"a":"${'x'.repeat(70_000)}"}`, /larger than/],
  ])('refuses the file %.20s', (content, message) => {
    const file = join(directory, 'settings.json');
    writeFileSync(file, content);
    expect(() => readHostSettings(file)).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) }),
    );
  });

  const digest = 'ab'.repeat(32);

  it.each([null, digest])('keeps what the platform has set, with the digest %s', (given) => {
    expect(readProfile(directory)).toEqual({ settings: {}, digest: null });
    const profile = { settings: { cpuPercent: 2 }, digest: given };
    expect(saveProfile(directory, profile)).toBe(true);
    expect(readProfile(directory)).toEqual(profile);
  });

  it('keeps it where versions before and after find it, who know a digest or not', () => {
    const file = join(directory, 'profile.json');
    saveProfile(directory, { settings: { cpuPercent: 2 }, digest });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ cpuPercent: 2, digest });
    writeFileSync(file, '{"cpuPercent":3}');
    expect(readProfile(directory)).toEqual({ settings: { cpuPercent: 3 }, digest: null });
  });

  it('does not keep a profile that is larger than the file may be', () => {
    expect(saveProfile(directory, { settings: { blackout: ['x'.repeat(70_000)] }, digest: null })).toBe(false);
    expect(readProfile(directory)).toEqual({ settings: {}, digest: null });
  });

  it.each(['{"cpuPercent":', '[]', '{"digest":5}', '{"digest":"no digest"}'])(
    'takes the damaged profile %s for none',
    (content) => {
      writeFileSync(join(directory, 'profile.json'), content);
      expect(readProfile(directory)).toEqual({ settings: {}, digest: null });
    },
  );
});
