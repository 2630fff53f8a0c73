import {
  AssetId,
  type ChangedProfile,
  changeProfile,
  createProfile,
  deleteProfile,
  type EffectiveSetting,
  getAssetSettings,
  isNumberSetting,
  listProfiles,
  numberSettings,
  orderProfiles,
  otherSettings,
  previewProfile,
  type Profile,
  ProfileInput,
  readWindow,
  settingNames,
  type SettingName,
  writeSettingValue,
  upgradeSettings,
} from '@vedette/protocol';
import type { Client } from '../api/connect.ts';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command, Outcome } from './command.ts';
import { queryText, text, wholeNumber } from './list-options.ts';

type Options = Readonly<Record<string, string | true | undefined>>;

const flagOf = (name: SettingName): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** One option for each setting of the table. */
const settingOptions = settingNames.map((name): readonly [string, string] => {
  if (isNumberSetting(name)) {
    const { label, min, max, unit, meaning } = numberSettings[name];
    return [`${flagOf(name)} <n>`, `${label}: ${meaning}; ${min} to ${max} ${unit}`];
  }
  const values = name === 'suspended' ? '<true|false>' : '<times>';
  return [
    `${flagOf(name)} ${values}`,
    `${otherSettings[name].label}: ${otherSettings[name].meaning}${name === 'blackout' ? '; with semicolons between them' : ''}`,
  ];
});

const profileOptions: readonly (readonly [string, string])[] = [
  ['--query <query>', 'for which assets, in the query language; without one: the default, for all'],
  ['--priority <n>', '1 to 1000; of several that set the same the highest counts (default 100)'],
  ['--description <text>', 'for people'],
  ...settingOptions,
  ['--prevent-upgrade <true|false>', upgradeSettings.preventUpgrade.meaning],
  ['--windows <times>', `${upgradeSettings.windows.meaning}; with semicolons between them`],
  ['--unset <names>', 'settings to leave to other profiles again, also preventUpgrade and windows; with commas between them'],
  ['--dry-run', 'say what it would change on how many assets, and change nothing'],
];

const profilesList: Command = {
  name: 'profiles list',
  summary: 'List configuration profiles, the one that wins first, with the number of assets that each is for.',
  example: 'vedette profiles list',
  async run({ client }) {
    const data = await client().call(listProfiles, {});
    const rows = data.items.map((one) => [
      one.name,
      one.query === null ? 'default' : one.priority,
      one.assets,
      one.query ?? 'all',
      saysWhat(one),
    ]);
    return { data, text: table(['profile', 'priority', 'assets', 'for', 'sets'], rows) };
  },
};

const profilesShow: Command = {
  name: 'profiles show',
  summary: 'One configuration profile, by its name or id.',
  args: '<profile>',
  example: 'vedette profiles show Databases',
  async run({ client }, [name]) {
    return told(await findProfile(client(), name));
  },
};

const profilesCreate: Command = {
  name: 'profiles create',
  summary: 'Make a configuration profile.',
  args: '<name>',
  options: profileOptions,
  example: `vedette profiles create Databases --query tag:databases --cpu-percent 3 --windows 'sat 02:00-04:00'`,
  async run({ client }, [name = ''], options) {
    const profile = readProfile({ name }, options);
    if (options['dryRun'] === true) return preview(client(), { profile });
    return told(await client().call(createProfile, { body: profile }));
  },
};

const profilesChange: Command = {
  name: 'profiles change',
  summary: 'Change a configuration profile; what is not named stays.',
  args: '<profile>',
  options: [['--name <name>', 'another name'], ...profileOptions],
  example: 'vedette profiles change Databases --cpu-percent 2 --unset blackout',
  async run({ client }, [name], options) {
    const { profileId, ...before } = await findProfile(client(), name);
    const profile = readProfile({ ...before, name: text(options['name']) ?? before.name }, options);
    if (options['dryRun'] === true) return preview(client(), { profileId, profile });
    return told(await client().call(changeProfile, { params: { profileId }, body: profile }));
  },
};

const profilesRemove: Command = {
  name: 'profiles remove',
  summary: 'Remove a configuration profile.',
  args: '<profile>',
  options: [['--dry-run', 'say what it would change on how many assets, and change nothing']],
  example: 'vedette profiles remove Databases',
  async run({ client }, [name], options) {
    const { profileId, name: found } = await findProfile(client(), name);
    if (options['dryRun'] === true) return preview(client(), { profileId });
    const data = await client().call(deleteProfile, { params: { profileId } });
    return { data, text: `The profile ${found} is removed.` };
  },
};

const profilesOrder: Command = {
  name: 'profiles order',
  summary: 'Put configuration profiles in order, the one that wins first; the default stays last.',
  args: '<profiles...>',
  example: 'vedette profiles order Databases Web Laptops',
  async run({ client }, names) {
    const { items } = await client().call(listProfiles, {});
    const profileIds = names.map((name) => findIn(items, name).profileId);
    const data = await client().call(orderProfiles, { body: { profileIds } });
    return { data, text: data.items.map(({ name }) => name).join('\n') };
  },
};

const profilesEffective: Command = {
  name: 'profiles effective',
  summary: 'Which settings are in force on an asset, where each comes from, and whether its agent has taken them.',
  args: '<asset>',
  example: 'vedette profiles effective 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [asset]) {
    const data = await client().call(getAssetSettings, { params: { assetId: identifier(AssetId, 'asset', asset) } });
    const rows = [...data.settings, ...data.upgrades].map((one) => [
      one.name,
      writeSettingValue(one.value),
      originOf(one.origin),
      remarkOn(one),
    ]);
    const states = {
      applied: 'The agent has taken this.',
      pending: 'The agent has not taken this yet.',
      unreported: 'The agent does not say whether it has taken this.',
    };
    return { data, text: `${table(['setting', 'value', 'from', ''], rows)}\n${states[data.state]}` };
  },
};

function originOf({ kind, name }: EffectiveSetting['origin']): string {
  const words = { default: 'default', profile: `profile ${name}`, rule: `release rule ${name}`, host: 'file on the host' };
  return words[kind];
}

function remarkOn({ overridden, refused }: EffectiveSetting): string {
  const beaten = overridden.map(({ value, origin }) => `not ${writeSettingValue(value)} of ${originOf(origin)}`);
  return [...(refused === null ? [] : [`the agent: ${refused}`]), ...beaten].join('; ');
}

function saysWhat({ settings, upgrades }: Pick<Profile, 'settings' | 'upgrades'>): string {
  return Object.entries({ ...settings, ...upgrades })
    .map(([name, value]) => `${name} ${writeSettingValue(value)}`)
    .join(', ');
}

function told(profile: ChangedProfile): Outcome {
  const { name, priority, query, assets, description, changedAt, changedBy } = profile;
  const meant = query === null ? 'the default, for all assets' : `priority ${priority}, for ${query}`;
  const lines = [
    `${name}: ${meant}${assets === null ? '' : ` (${assets} assets)`}`,
    ...(description ? [description] : []),
    saysWhat(profile) || 'sets nothing',
    `changed ${changedAt} by ${changedBy}`,
  ];
  return { data: profile, text: lines.join('\n') };
}

async function findProfile(client: Client, name: string | undefined): Promise<Profile> {
  const { items } = await client.call(listProfiles, {});
  return findIn(items, name);
}

function findIn(items: readonly Profile[], name: string | undefined): Profile {
  const found = items.find((one) => one.name === name || one.profileId === name);
  if (!found) throw new CliError('NOT_FOUND', `there is no profile "${name}"`);
  return found;
}

async function preview(client: Client, body: Parameters<typeof previewBody>[0]): Promise<Outcome> {
  const data = await client.call(previewProfile, { body: previewBody(body) });
  const rows = data.changes.map((one) => [one.name, writeSettingValue(one.from), writeSettingValue(one.to), one.assets]);
  const summary = `It would be for ${data.assets} assets, and change something on ${data.changed}; nothing was changed`;
  return { data, text: rows.length === 0 ? summary : `${table(['setting', 'now', 'then', 'assets'], rows)}\n${summary}` };
}

function previewBody({ profileId, profile }: { profileId?: Profile['profileId']; profile?: ProfileInput }) {
  return { ...(profileId === undefined ? {} : { profileId }), profile: profile ?? null };
}

/** What options change of a profile. Throws CliError USAGE that names each value outside of its limits. */
function readProfile(before: Partial<ProfileInput> & { readonly name: string }, options: Options): ProfileInput {
  const unset = new Set(
    text(options['unset'])
      ?.split(',')
      .map((name) => name.trim()) ?? [],
  );
  const keep = <Value extends object>(values: Value): Value =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !unset.has(name))) as Value; // fewer optional fields
  const set = Object.fromEntries(
    settingNames.flatMap((name) => (options[name] === undefined ? [] : [[name, settingOf(name, text(options[name]) ?? '')]])),
  );
  const prevent = options['preventUpgrade'];
  const windows = text(options['windows']);
  const read = ProfileInput.safeParse({
    ...before,
    query: queryText(options['query'], 'asset') ?? before.query,
    priority: wholeNumber('--priority', options['priority']) ?? before.priority,
    description: text(options['description']) ?? before.description,
    settings: { ...keep(before.settings ?? {}), ...set },
    upgrades: {
      ...keep(before.upgrades ?? {}),
      ...(prevent === undefined ? {} : { preventUpgrade: yesOrNo(text(prevent) ?? '') }),
      ...(windows === undefined ? {} : { windows: listOf(windows).map(windowOf) }),
    },
  });
  if (read.success) return read.data;
  throw new CliError('USAGE', read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
}

function settingOf(name: SettingName, value: string): unknown {
  if (isNumberSetting(name)) return Number(value); // seen to be one
  return name === 'suspended' ? yesOrNo(value) : listOf(value);
}

function listOf(value: string): string[] {
  return value
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function yesOrNo(value: string): boolean | string {
  return value === 'true' ? true : value === 'false' ? false : value;
}

function windowOf(value: string): object {
  const window = readWindow(value);
  if (!window) throw new CliError('USAGE', `--windows: "${value}" is no time; write "sat,sun 02:00-04:00"`);
  return window;
}

export const profileCommands: readonly Command[] = [
  profilesList,
  profilesShow,
  profilesCreate,
  profilesChange,
  profilesRemove,
  profilesOrder,
  profilesEffective,
];
