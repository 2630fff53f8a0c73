import { z } from 'zod';
import { isBlackoutWindow } from '../agent/blackout.ts';
import { maxBlackoutWindows, numberSettings, type NumberSettingName } from '../agent/settings.ts';
import { writeWindow } from '../agent/window-text.ts';
import { endpoint } from '../endpoint.ts';
import { AssetId, Instant, ProfileId } from '../ids.ts';
import { MaintenanceWindow, ReleaseRule } from './releases.ts';
import { WholeList } from './paging.ts';

/** A value within what agents take at all: who sets it is told at once, not by the agent's report. */
function numberWithin(name: NumberSettingName): z.ZodOptional<z.ZodNumber> {
  const { min, max, unit, meaning, ...more } = numberSettings[name];
  const limits = `${name} takes ${'whole' in more ? 'whole numbers ' : ''}from ${min} to ${max} ${unit}`;
  const number = ('whole' in more ? z.number({ error: limits }).int({ error: limits }) : z.number({ error: limits }))
    .min(min, { error: limits })
    .max(max, { error: limits });
  return number.optional().meta({ description: `${meaning}, in ${unit}` });
}

type Numbers = Record<NumberSettingName, ReturnType<typeof numberWithin>>;

const BlackoutWindow = z
  .string()
  .refine(isBlackoutWindow, { error: 'a time is written as "mon-fri 08:00-18:00" or "22:00-06:00"' });

/** What a profile sets of an agent's settings; what it leaves out, profiles below it say, or the agent's own default. */
export const ProfileSettings = z.strictObject({
  // One entry for each name of the table.
  ...(Object.fromEntries(
    (Object.keys(numberSettings) as NumberSettingName[]).map((name) => [name, numberWithin(name)]),
  ) as Numbers),
  suspended: z.boolean().optional(),
  blackout: z.array(BlackoutWindow).max(maxBlackoutWindows).optional(),
});
export type ProfileSettings = z.infer<typeof ProfileSettings>;

/** How upgrades behave where no release rule says it; see ReleaseRule. */
export const ProfileUpgrades = z.strictObject({
  preventUpgrade: ReleaseRule.shape.preventUpgrade,
  windows: ReleaseRule.shape.windows,
});
export type ProfileUpgrades = z.infer<typeof ProfileUpgrades>;

export const ProfileName = z.string().trim().min(1).max(100);
/** Of several profiles that set the same, the one with the highest counts; of the same, the first by name. */
export const ProfilePriority = z.int().min(1).max(1000);

export const ProfileInput = z.object({
  name: ProfileName,
  description: z.string().max(500).default(''),
  priority: ProfilePriority.default(100),
  query: z.string().max(4096).nullable().default(null).meta({
    description: 'For which assets, in the query language; null: the default of the organization, for all, below every other',
  }),
  settings: ProfileSettings.default({}),
  upgrades: ProfileUpgrades.default({}),
});
export type ProfileInput = z.infer<typeof ProfileInput>;

/** Agent settings for the assets that fit a query. */
export const Profile = ProfileInput.extend({
  profileId: ProfileId,
  assets: z.int().min(0).meta({ description: 'How many fit it now' }),
  changedAt: Instant,
  changedBy: z.string(),
});
export type Profile = z.infer<typeof Profile>;

/** What a change is answered with: it is done, whether or not the fleet index can be asked. */
export const ChangedProfile = Profile.extend({
  assets: Profile.shape.assets.nullable().meta({ description: 'How many fit it now; null while the fleet index is being built' }),
});
export type ChangedProfile = z.infer<typeof ChangedProfile>;

const ProfileParams = z.object({ profileId: ProfileId });

export const listProfiles = endpoint({
  name: 'listProfiles',
  summary: 'Configuration profiles, the one that wins first, with the number of assets that each is for.',
  method: 'GET',
  path: '/profiles',
  permission: 'profile:read',
  query: WholeList,
  reply: z.object({ items: z.array(Profile) }),
});

export const createProfile = endpoint({
  name: 'createProfile',
  summary: 'Make a configuration profile. Agents take it with their next check-in, most of them within seconds.',
  method: 'POST',
  path: '/profiles',
  permission: 'profile:write',
  body: ProfileInput,
  reply: ChangedProfile,
  errors: ['BAD_REQUEST', 'CONFLICT'],
});

export const changeProfile = endpoint({
  name: 'changeProfile',
  summary: 'Replace what a configuration profile says.',
  method: 'POST',
  path: '/profiles/:profileId',
  permission: 'profile:write',
  params: ProfileParams,
  body: ProfileInput,
  reply: ChangedProfile,
  errors: ['NOT_FOUND', 'BAD_REQUEST', 'CONFLICT'],
});

export const deleteProfile = endpoint({
  name: 'deleteProfile',
  summary: 'Remove a configuration profile; its assets go back to what others say, or to the defaults.',
  method: 'DELETE',
  path: '/profiles/:profileId',
  permission: 'profile:write',
  params: ProfileParams,
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND'],
});

/** The longest list of profiles; more would be no order that a person can follow. */
export const maxProfiles = 100;

export const orderProfiles = endpoint({
  name: 'orderProfiles',
  summary: 'Put configuration profiles in order, the one that wins first; their priorities are numbered anew.',
  method: 'POST',
  path: '/profiles/order',
  permission: 'profile:write',
  body: z.object({ profileIds: z.array(ProfileId).max(maxProfiles).meta({ description: 'All but the default, each once' }) }),
  reply: z.object({ items: z.array(ChangedProfile) }),
  errors: ['CONFLICT'],
});

const SettingValue = z.unknown().meta({ description: 'A number, true or false, or a list of times' });

export const previewProfile = endpoint({
  name: 'previewProfile',
  summary: 'What a change of configuration profiles would do to how many assets, without doing it.',
  method: 'POST',
  path: '/profiles/preview',
  permission: 'profile:read',
  body: z.object({
    profileId: ProfileId.optional().meta({ description: 'The profile that would change; absent: it would be new' }),
    profile: ProfileInput.nullable().default(null).meta({ description: 'What it would say; null: it would be removed' }),
  }),
  reply: z.object({
    assets: z.int().min(0).meta({ description: 'How many would fit it' }),
    changed: z.int().min(0).meta({ description: 'How many would get other settings or upgrade differently' }),
    /** The most frequent changes first; not more than 20. */
    changes: z.array(z.object({ name: z.string(), from: SettingValue, to: SettingValue, assets: z.int().min(1) })),
    /** Some of the changed ones. */
    examples: z.array(z.object({ assetId: AssetId, hostname: z.string() })),
  }),
  errors: ['NOT_FOUND', 'BAD_REQUEST', 'CONFLICT'],
});

/** Where a value comes from. */
export const SettingOrigin = z.object({
  kind: z
    .enum(['default', 'profile', 'rule', 'host'])
    .meta({ description: 'rule: a release rule. host: the file of the host, which wins, as its agent reports it' }),
  name: z.string().meta({ description: 'Of the profile, or the number of the rule; else empty' }),
  profileId: ProfileId.nullable(),
});
export type SettingOrigin = z.infer<typeof SettingOrigin>;

/** A value as people read it: "3", "mon-fri 08:00-18:00; 22:00-06:00", "none". */
export function writeSettingValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(writeTime).join('; ') || 'none';
  return value === null || value === undefined ? 'none' : JSON.stringify(value).replaceAll('"', '');
}

function writeTime(value: unknown): string {
  const window = MaintenanceWindow.safeParse(value);
  return window.success ? writeWindow(window.data) : String(value);
}

/** What is in force, who said so, and who said something else in vain. */
export const EffectiveSetting = z.object({
  name: z.string(),
  value: SettingValue,
  origin: SettingOrigin,
  overridden: z.array(z.object({ value: SettingValue, origin: SettingOrigin })).meta({ description: 'The strongest first' }),
  refused: z.string().nullable().meta({ description: 'Why the agent did not take it, or not in full' }),
});
export type EffectiveSetting = z.infer<typeof EffectiveSetting>;

export const AssetSettings = z.object({
  settings: z.array(EffectiveSetting),
  /** preventUpgrade, windows and region. */
  upgrades: z.array(EffectiveSetting),
  profiles: z
    .array(z.object({ profileId: ProfileId, name: z.string() }))
    .meta({ description: 'Those for this asset, the strongest first' }),
  state: z
    .enum(['applied', 'pending', 'unreported'])
    .meta({ description: 'Whether the agent has taken this. unreported: its version does not say' }),
  reportedAt: Instant.nullable().meta({ description: 'Last check-in' }),
});
export type AssetSettings = z.infer<typeof AssetSettings>;

export const getAssetSettings = endpoint({
  name: 'getAssetSettings',
  summary: 'Which settings hold for an asset, where each comes from, and whether its agent has taken them.',
  method: 'GET',
  path: '/assets/:assetId/settings',
  permission: 'profile:read',
  params: z.object({ assetId: AssetId }),
  reply: AssetSettings,
  errors: ['NOT_FOUND'],
});
