import { numberSettings, type Profile } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { draftOf, readDraft } from './profile-draft.ts';

const empty = { ...draftOf(null), name: 'Databases', query: 'tag:db' };
const profile: Profile = {
  profileId: '00000000-0000-4000-8000-000000000001' as Profile['profileId'], // a fixture mints ids
  name: 'Databases',
  description: 'quiet',
  priority: 20,
  query: 'tag:db',
  settings: { cpuPercent: 2.5, suspended: false, blackout: ['mon-fri 08:00-18:00', '22:00-23:00'] },
  upgrades: { preventUpgrade: false, windows: [{ days: [0, 6], from: '02:00', minutes: 120 }] },
  assets: 3,
  changedAt: '2026-11-22T12:00:00Z',
  changedBy: 'grace',
};

describe('the draft of a profile', () => {
  it('is read back as what it was made from', () => {
    const { profileId: _id, assets: _assets, changedAt: _at, changedBy: _by, ...input } = profile;
    expect(readDraft(draftOf(profile))).toEqual({ input, wrong: new Map() });
  });

  it('leaves out what nothing stands in', () => {
    expect(readDraft(empty).input).toMatchObject({ settings: {}, upgrades: {} });
    expect(readDraft({ ...empty, query: null }).input).toMatchObject({ query: null });
  });

  it.each(Object.entries(numberSettings))('says that %s is beyond its limits, with them', (name, { min, max }) => {
    for (const value of [max + 1, min - 1, 'many']) {
      const { input, wrong } = readDraft({ ...empty, settings: { [name]: String(value) } });
      expect([input, wrong.get(`settings.${name}`)]).toEqual([null, expect.stringContaining(`from ${min} to ${max}`)]);
    }
  });

  it.each([
    [{ name: ' ' }, 'name'],
    [{ query: ' ' }, 'query'],
    [{ priority: '1.5' }, 'priority'],
    [{ settings: { blackout: 'at night' } }, 'settings.blackout'],
    [{ windows: 'sat 02:00-04:00\nat night' }, 'upgrades.windows'],
  ])('%j is wrong', (change, field) => {
    const { input, wrong } = readDraft({ ...empty, ...change });
    expect([input, [...wrong.keys()]]).toEqual([null, [field]]);
  });
});
