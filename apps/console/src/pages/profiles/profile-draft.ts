import {
  isNumberSetting,
  type MaintenanceWindow,
  type Profile,
  ProfileInput,
  readWindow,
  type SettingName,
  settingNames,
  writeWindow,
} from '@vedette/protocol';

/** What stands in the fields of the form: text, because half a number is none. Empty: the profile does not say. */
export interface ProfileDraft {
  readonly name: string;
  readonly description: string;
  /** Null: the default of the organization. */
  readonly query: string | null;
  readonly priority: string;
  readonly settings: Readonly<Partial<Record<SettingName, string>>>;
  readonly preventUpgrade: string;
  /** One a line, like the times of a blackout. */
  readonly windows: string;
}

export function draftOf(profile: Profile | null): ProfileDraft {
  const { settings = {}, upgrades = {} } = profile ?? {};
  return {
    name: profile?.name ?? '',
    description: profile?.description ?? '',
    query: profile ? profile.query : '',
    priority: String(profile?.priority ?? 100),
    settings: Object.fromEntries(settingNames.map((name) => [name, writeField(settings[name])])),
    preventUpgrade: writeField(upgrades.preventUpgrade),
    windows: upgrades.windows?.map(writeWindow).join('\n') ?? '',
  };
}

function writeField(value: number | boolean | readonly string[] | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'object' ? value.join('\n') : String(value);
}

/** What the fields say, or what is wrong with which of them: "settings.cpuPercent" or "upgrades.windows". */
export function readDraft(draft: ProfileDraft): { input: ProfileInput | null; wrong: ReadonlyMap<string, string> } {
  const settings = settingNames.flatMap((name) => {
    const text = (draft.settings[name] ?? '').trim();
    return text === '' ? [] : [[name, readField(name, text)] as const];
  });
  const lines = linesOf(draft.windows);
  const windows = lines.map((line) => readWindow(line));
  const notRead = lines.find((_, at) => windows[at] === null);
  const read = ProfileInput.safeParse({
    name: draft.name,
    description: draft.description,
    query: draft.query,
    priority: Number(draft.priority),
    settings: Object.fromEntries(settings),
    upgrades: {
      ...(draft.preventUpgrade === '' ? {} : { preventUpgrade: draft.preventUpgrade === 'true' }),
      ...(lines.length === 0 ? {} : { windows: windows.filter((one): one is MaintenanceWindow => one !== null) }),
    },
  });
  const wrong = new Map<string, string>(
    read.error?.issues.map(({ path, message }) => [path.slice(0, 2).map(String).join('.'), message] as const),
  );
  if (notRead !== undefined) wrong.set('upgrades.windows', `“${notRead}” is no time: write “sat,sun 02:00-04:00”`);
  if (draft.query?.trim() === '') wrong.set('query', 'Say which assets it is for');
  return { input: wrong.size === 0 && read.success ? read.data : null, wrong };
}

function readField(name: SettingName, text: string): unknown {
  if (isNumberSetting(name)) return Number(text);
  return name === 'suspended' ? text === 'true' : linesOf(text);
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
