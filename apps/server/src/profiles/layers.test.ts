import { type ProfileSettings, type SettingsReport, settingNames } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainProfiles, explainUpgrades, inOrder, mergeProfiles, type ProfileLayer, withinLimits } from './layers.ts';
import { profilesOf } from './select-assets.ts';

const layer = (name: string, settings: ProfileSettings, upgrades: ProfileLayer['upgrades'] = {}): ProfileLayer => ({
  profileId: name as ProfileLayer['profileId'], // an id is not looked at here
  name,
  settings,
  upgrades,
});
const report = (more: Partial<SettingsReport>): SettingsReport => ({ host: {}, refused: {}, ...more });
const setting = (name: string, ...asked: Parameters<typeof explainProfiles>) =>
  explainProfiles(...asked).find((one) => one.name === name);

describe('inOrder', () => {
  it('puts the highest priority first, equal ones by name, and the default last whatever its priority', () => {
    const profiles = [
      { name: 'default', priority: 1000, query: null },
      { name: 'b', priority: 5, query: 'x' },
      { name: 'a', priority: 5, query: 'x' },
      { name: 'top', priority: 6, query: 'x' },
    ];
    expect(inOrder(profiles).map(({ name }) => name)).toEqual(['top', 'a', 'b', 'default']);
  });
});

describe('mergeProfiles', () => {
  it('takes each setting from the strongest profile that sets it, and nothing from where none does', () => {
    const { settings, schedule } = mergeProfiles([
      layer('strong', { cpuPercent: 3, suspended: false }),
      layer('weak', { cpuPercent: 2, suspended: true, checkInSeconds: 30 }),
    ]);
    expect(settings).toEqual({ cpuPercent: 3, suspended: false, checkInSeconds: 30 });
    expect(schedule).toEqual({ checkInSeconds: 30, fullScanSeconds: 14_400 });
  });

  it('has one digest for the same settings, whichever profiles they come from, and another one for others', () => {
    const digest = (...layers: ProfileLayer[]): string => mergeProfiles(layers).digest;
    const one = digest(layer('a', { cpuPercent: 3, burstCpuMs: 100 }));
    expect(digest(layer('b', { burstCpuMs: 100 }), layer('c', { cpuPercent: 3, burstCpuMs: 200 }))).toBe(one);
    expect(digest(layer('a', { cpuPercent: 3 }))).not.toBe(one);
    expect(digest()).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('explainProfiles', () => {
  const layers = [layer('Databases', { cpuPercent: 3 }), layer('All', { cpuPercent: 2, suspended: true })];

  it('names where each value comes from, and what it stands above', () => {
    expect(setting('cpuPercent', layers, null)).toMatchObject({
      value: 3,
      origin: { kind: 'profile', name: 'Databases' },
      overridden: [{ value: 2, origin: { name: 'All' } }],
    });
    expect(setting('suspended', layers, null)).toMatchObject({ value: true, origin: { name: 'All' }, overridden: [] });
    expect(setting('burstCpuMs', layers, null)).toMatchObject({ value: 500, origin: { kind: 'default' }, overridden: [] });
  });

  it('lets the file of the host win, and says what the agent refused', () => {
    const said = report({ host: { cpuPercent: 9 }, refused: { suspended: 'not true or false' } });
    expect(setting('cpuPercent', layers, said)).toMatchObject({
      value: 9,
      origin: { kind: 'host' },
      overridden: [{ value: 3 }, { value: 2 }],
    });
    expect(setting('suspended', layers, said)).toMatchObject({ refused: 'not true or false' });
  });

  it('believes an agent nothing that no agent does', () => {
    expect(setting('cpuPercent', [], report({ host: { cpuPercent: 5000 } }))?.value).toBe(10);
    expect(setting('cpuPercent', [], report({ host: { cpuPercent: true } }))?.origin.kind).toBe('default');
    const names = explainProfiles([], report({ host: { constructor: 1, other: 2 } })).map(({ name }) => name);
    expect(names).toEqual(settingNames);
  });

  it('says the same as what is merged for the agent', () => {
    const settings = fc.record({ cpuPercent: fc.constantFrom(1, 2, 3), suspended: fc.boolean() }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(settings, { maxLength: 5 }), (all) => {
        const some = all.map((one, at) => layer(String(at), one));
        const merged = mergeProfiles(some).settings;
        for (const { name, value, origin } of explainProfiles(some, null)) {
          const expected = name in merged ? ['profile', merged[name]] : ['default', value];
          expect([origin.kind, value]).toEqual(expected);
        }
      }),
    );
  });
});

describe('explainUpgrades', () => {
  it('takes release rules before profiles, part by part', () => {
    const rules = [{ number: 2, rule: { tags: [], preventUpgrade: false } }];
    const windows = [{ days: [6], from: '02:00', minutes: 60 }];
    expect(explainUpgrades(rules, [layer('Databases', {}, { preventUpgrade: true, windows })])).toEqual([
      {
        name: 'preventUpgrade',
        value: false,
        origin: { kind: 'rule', name: '2', profileId: null },
        overridden: [{ value: true, origin: { kind: 'profile', name: 'Databases', profileId: 'Databases' } }],
        refused: null,
      },
      expect.objectContaining({ name: 'windows', value: windows, origin: expect.objectContaining({ name: 'Databases' }) }),
      expect.objectContaining({ name: 'region', value: null, origin: expect.objectContaining({ kind: 'default' }) }),
    ]);
  });
});

describe('withinLimits', () => {
  it('clamps what was stored under other limits, and leaves out what is no setting any more', () => {
    expect(withinLimits({ cpuPercent: 90, gone: 1, suspended: 'yes', blackout: ['22:00-06:00'] })).toEqual({
      cpuPercent: 10,
      blackout: ['22:00-06:00'],
    });
  });
});

describe('profilesOf', () => {
  it('gives those of a combination and those for all, in their order', () => {
    const profiles = ['a', 'b', null].map((query) => ({ query }));
    expect(profilesOf(profiles, '')).toEqual([{ query: null }]);
    expect(profilesOf(profiles, '1,')).toEqual([{ query: 'b' }, { query: null }]);
    expect(profilesOf(profiles, '0,1,')).toEqual(profiles);
  });
});
