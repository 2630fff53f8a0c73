import { createHash } from 'node:crypto';
import {
  canonicalJson,
  defaultSetting,
  type EffectiveSetting,
  judgeSetting,
  numberSettings,
  type Profile,
  type ReleaseRule,
  type SettingName,
  settingNames,
  type SettingOrigin,
  type SettingsReport,
  type Wishes,
} from '@vedette/protocol';

/** A profile as it is kept. */
export type StoredProfile = Omit<Profile, 'assets'>;

/** What a profile says, whoever it is for. */
export type ProfileLayer = Pick<StoredProfile, 'profileId' | 'name' | 'settings' | 'upgrades'>;

/** The strongest first; the default of the organization is the weakest. */
export function inOrder<Ranked extends Pick<StoredProfile, 'priority' | 'name' | 'query'>>(
  profiles: readonly Ranked[],
): Ranked[] {
  return profiles.toSorted(
    (a, b) =>
      Number(a.query === null) - Number(b.query === null) ||
      b.priority - a.priority ||
      (a.name === b.name ? 0 : a.name < b.name ? -1 : 1),
  );
}

/** Of what was stored what makes sense by the limits of now, which may be others than those of when it was saved. */
export function withinLimits(settings: Wishes): Wishes {
  return Object.fromEntries(
    settingNames.flatMap((name) => {
      const { value } = Object.hasOwn(settings, name) ? judgeSetting(name, settings[name]) : { value: null };
      return value === null ? [] : [[name, value] as const];
    }),
  );
}

/** What an agent is given. */
export interface MergedProfiles {
  /** What some profile sets; the rest is left to the agent's own defaults. */
  readonly settings: Wishes;
  /** Of them, in hex. */
  readonly digest: string;
  readonly schedule: { readonly checkInSeconds: number; readonly fullScanSeconds: number };
  readonly layers: readonly ProfileLayer[];
}

/** Profiles of one asset, the strongest first, as its agent gets them. */
export function mergeProfiles(layers: readonly ProfileLayer[]): MergedProfiles {
  const settings: Wishes = Object.assign({}, ...layers.map((layer) => layer.settings).toReversed());
  const digest = createHash('sha256').update(canonicalJson(settings)).digest('hex');
  const secondsOf = (name: 'checkInSeconds' | 'fullScanSeconds'): number =>
    Number(settings[name] ?? numberSettings[name].default);
  const schedule = { checkInSeconds: secondsOf('checkInSeconds'), fullScanSeconds: secondsOf('fullScanSeconds') };
  return { settings, digest, schedule, layers };
}

const byDefault: SettingOrigin = { kind: 'default', name: '', profileId: null };
const byHost: SettingOrigin = { kind: 'host', name: '', profileId: null };

function byProfile({ profileId, name }: ProfileLayer): SettingOrigin {
  return { kind: 'profile', name, profileId };
}

type Said = EffectiveSetting['overridden'][number];

/** What is in force on an agent, and why: the file of its host as far as it reports it, then profiles, the strongest first, then the default. */
export function explainProfiles(layers: readonly ProfileLayer[], report: SettingsReport | null): EffectiveSetting[] {
  return settingNames.map((name) => {
    const own = report?.host[name] === undefined ? null : judgeSetting(name, report.host[name]).value;
    const said: Said[] = [
      ...(own === null ? [] : [{ value: own, origin: byHost }]),
      ...layers.flatMap((layer) => saidBy(layer, name)),
    ];
    return strongest(name, said, { fallback: defaultSetting(name), refused: report?.refused[name] ?? null });
  });
}

function saidBy(layer: ProfileLayer, name: SettingName): Said[] {
  const value = layer.settings[name];
  return value === undefined ? [] : [{ value, origin: byProfile(layer) }];
}

/** A release rule that holds for an asset, and its place in the list, from 1. */
export interface HoldingRule {
  readonly number: number;
  readonly rule: ReleaseRule;
}

const upgradeDefaults = { preventUpgrade: false, windows: [], region: null } as const;

/** How an asset's agent upgrades, and why: release rules, the first first, then profiles, then the default. */
export function explainUpgrades(rules: readonly HoldingRule[], layers: readonly ProfileLayer[]): EffectiveSetting[] {
  return (Object.keys(upgradeDefaults) as (keyof typeof upgradeDefaults)[]).map((name) => {
    const said: Said[] = [
      ...rules.map(({ rule, number }) => ({
        value: rule[name],
        origin: { kind: 'rule' as const, name: String(number), profileId: null },
      })),
      ...layers.map((layer) => ({ value: name === 'region' ? undefined : layer.upgrades[name], origin: byProfile(layer) })),
    ].filter(({ value }) => value !== undefined);
    return strongest(name, said, { fallback: upgradeDefaults[name], refused: null });
  });
}

function strongest(
  name: string,
  [first, ...overridden]: readonly Said[],
  { fallback, refused }: { fallback: unknown; refused: string | null },
): EffectiveSetting {
  const { value, origin } = first ?? { value: fallback, origin: byDefault };
  return { name, value, origin, overridden, refused };
}
