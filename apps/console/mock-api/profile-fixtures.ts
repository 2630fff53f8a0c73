import {
  type AssetSettings,
  defaultSetting,
  type EffectiveSetting,
  type endpoints,
  type Profile,
  settingNames,
} from '@vedette/protocol';
import type { z } from 'zod';
import { assets } from './fixtures.ts';

const profileId = '0193a000-0000-7000-8000-00000000c001' as Profile['profileId']; // a fixture mints ids

export const profiles: Profile[] = [
  {
    profileId,
    name: 'Databases',
    description: 'Left alone at the end of the month',
    priority: 20,
    query: 'tag:databases',
    settings: { cpuPercent: 3, blackout: ['mon-fri 08:00-18:00'] },
    upgrades: { windows: [{ days: [0, 6], from: '02:00', minutes: 120 }] },
    assets: 12,
    changedAt: '2026-11-20T09:00:00.000Z',
    changedBy: 'admin',
  },
  {
    profileId: '0193a000-0000-7000-8000-00000000c002' as Profile['profileId'], // likewise
    name: 'Everybody',
    description: '',
    priority: 100,
    query: null,
    settings: { cpuPercent: 4 },
    upgrades: { preventUpgrade: false },
    assets: assets.length,
    changedAt: '2026-11-19T09:00:00.000Z',
    changedBy: 'admin',
  },
];

const byDefault: EffectiveSetting['origin'] = { kind: 'default', name: '', profileId: null };
const byDatabases: EffectiveSetting['origin'] = { kind: 'profile', name: 'Databases', profileId };

export const effective: AssetSettings = {
  settings: settingNames.map((name): EffectiveSetting => {
    const usual = { name, value: defaultSetting(name), origin: byDefault, overridden: [], refused: null };
    if (name === 'blackout') return { ...usual, value: ['mon-fri 08:00-18:00'], origin: byDatabases };
    if (name !== 'cpuPercent') return usual;
    return {
      ...usual,
      value: 2,
      origin: { kind: 'host', name: '', profileId: null },
      overridden: [{ value: 3, origin: byDatabases }],
    };
  }),
  upgrades: [
    {
      name: 'preventUpgrade',
      value: false,
      origin: { kind: 'rule', name: '1', profileId: null },
      overridden: [{ value: true, origin: byDatabases }],
      refused: null,
    },
    { name: 'windows', value: profiles[0]?.upgrades.windows ?? [], origin: byDatabases, overridden: [], refused: null },
    { name: 'region', value: null, origin: byDefault, overridden: [], refused: null },
  ],
  profiles: profiles.map(({ profileId: id, name }) => ({ profileId: id, name })),
  state: 'applied',
  reportedAt: '2026-11-22T11:59:00.000Z',
};

export const preview: z.input<typeof endpoints.previewProfile.reply> = {
  assets: 12,
  changed: 3,
  changes: [{ name: 'cpuPercent', from: 5, to: 3, assets: 3 }],
  examples: assets.slice(0, 3).map(({ assetId, hostname }) => ({ assetId, hostname })),
};
