import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

  it('keeps what the platform has set, and tells whether that is new', () => {
    expect(readProfile(directory)).toEqual({});
    expect(saveProfile(directory, { cpuPercent: 2 })).toBe(true);
    expect(saveProfile(directory, { cpuPercent: 2 })).toBe(false);
    expect(readProfile(directory)).toEqual({ cpuPercent: 2 });
  });

  it('does not keep a profile that is larger than the file may be', () => {
    expect(saveProfile(directory, { blackout: ['x'.repeat(70_000)] })).toBe(false);
    expect(readProfile(directory)).toEqual({});
  });

  it('takes a damaged profile for none', () => {
    writeFileSync(join(directory, 'profile.json'), '{"cpuPercent":');
    expect(readProfile(directory)).toEqual({});
  });
});
