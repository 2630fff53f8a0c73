import { isBlackoutWindow } from './blackout.ts';

/** A number that may be set, within what is safe on any machine, whoever sets it. */
interface NumberSetting {
  /** What people call it. */
  readonly label: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  readonly meaning: string;
  /** Whole numbers only: the kernel refuses a limit with a fraction, and nothing would be limited then. */
  readonly whole?: true;
}

/**
 * The clamp table: nobody, neither the platform nor the host's owner, gets an agent outside of `min` to `max`. Agent, profiles, console and
 * documents all read this one.
 */
export const numberSettings = {
  cpuPercent: {
    label: 'CPU share',
    default: 5,
    min: 1,
    max: 10,
    unit: '% of one CPU',
    meaning: 'CPU the agent takes in the long run',
  },
  busyCpuPercent: {
    label: 'CPU share on a busy machine',
    default: 0.5,
    min: 0.1,
    max: 1,
    unit: '% of all CPUs',
    meaning: 'the same while others want the CPUs or disks, or on battery; not for changes and for scans that somebody ordered',
  },
  burstCpuMs: {
    label: 'CPU burst',
    default: 500,
    min: 50,
    max: 1000,
    unit: 'CPU ms',
    whole: true,
    meaning: 'used at once after a quiet time, by an inventory',
  },
  hardCpuPercent: {
    label: 'CPU hard limit',
    default: 50,
    min: 10,
    max: 100,
    unit: '% of one CPU',
    whole: true,
    meaning: 'hard stop of the control group',
  },
  memoryMegabytes: {
    label: 'Memory limit',
    default: 128,
    min: 96,
    max: 256,
    unit: 'MB',
    whole: true,
    meaning: 'above it the kernel takes memory back; hard stop at twice',
  },
  checkInSeconds: {
    label: 'Check-in interval',
    default: 60,
    min: 10,
    max: 86_400,
    unit: 's',
    whole: true,
    meaning: 'time between check-ins',
  },
  fullScanSeconds: {
    label: 'Full check interval',
    default: 14_400,
    min: 900,
    max: 604_800,
    unit: 's',
    whole: true,
    meaning: 'time between full checks, the safety net',
  },
} as const satisfies Record<string, NumberSetting>;
export type NumberSettingName = keyof typeof numberSettings;

export const otherSettings = {
  suspended: { label: 'Suspended', default: false, meaning: 'collects and sends nothing, only checks in' },
  blackout: {
    label: 'Blackout windows',
    default: [],
    meaning: 'collects and sends nothing at these local times, as "mon-fri 08:00-18:00"',
  },
} as const;

/** What profiles and release rules say of upgrades, beside the settings of the agent. */
export const upgradeSettings = {
  preventUpgrade: { label: 'Prevent upgrades', meaning: 'agents stay on the version they have' },
  windows: { label: 'Upgrade windows', meaning: 'agents are upgraded at these times only, as "sat,sun 02:00-04:00" in UTC' },
  region: { label: 'Region', meaning: 'where releases are fetched from first' },
} as const;

const described: Readonly<Record<string, { readonly label: string; readonly unit?: string }>> = {
  ...numberSettings,
  ...otherSettings,
  ...upgradeSettings,
};

/** What people call a setting; the name itself where a newer agent or platform has one that we do not know. */
export function settingLabel(name: string): string {
  return Object.hasOwn(described, name) ? (described[name]?.label ?? name) : name;
}

/** In what its value is counted; nothing for what is no number. */
export function settingUnit(name: string): string {
  return Object.hasOwn(described, name) ? (described[name]?.unit ?? '') : '';
}

export interface Settings extends Readonly<Record<NumberSettingName, number>> {
  readonly suspended: boolean;
  readonly blackout: readonly string[];
}
export type SettingName = keyof Settings;

/** Later ones win. `host`: the file of this host's owner. */
export type SettingSource = 'default' | 'platform' | 'host';

/** Values as somebody set them, unchecked, by name. */
export type Wishes = Readonly<Record<string, unknown>>;

export interface ExplainedSetting {
  readonly name: SettingName;
  readonly value: Settings[SettingName];
  readonly source: SettingSource;
  /** What was asked for where it is not what is done, and why. */
  readonly note: string | null;
}

export const settingNames = [...Object.keys(numberSettings), ...Object.keys(otherSettings)] as readonly SettingName[]; // the keys of both tables
export const maxBlackoutWindows = 16;

/** What is in force, and why, whatever was asked for: a wish that makes no sense is left out, one beyond the limits is clamped. */
export function explainSettings(wishes: Readonly<Partial<Record<SettingSource, Wishes>>>): ExplainedSetting[] {
  return settingNames.map((name) => {
    let chosen: ExplainedSetting = { name, value: defaultSetting(name), source: 'default', note: null };
    for (const source of ['platform', 'host'] as const) {
      const asked = wishes[source];
      if (asked === undefined || !Object.hasOwn(asked, name)) continue;
      const { value, note } = judgeSetting(name, asked[name]);
      if (value !== null) chosen = { name, value, source, note };
      else chosen = { ...chosen, note: `${source}: ${note}` };
    }
    return chosen;
  });
}

/** The values alone. */
export function effectiveSettings(wishes: Readonly<Partial<Record<SettingSource, Wishes>>>): Settings {
  const entries = explainSettings(wishes).map(({ name, value }) => [name, value] as const);
  return Object.fromEntries(entries) as unknown as Settings; // one entry for each name, of its type by `judgeSetting`
}

/** Names that no setting has. */
export function unknownSettings(wishes: Wishes): string[] {
  return Object.keys(wishes).filter((name) => !settingNames.some((known) => known === name));
}

export function defaultSetting(name: SettingName): Settings[SettingName] {
  return isNumberSetting(name) ? numberSettings[name].default : otherSettings[name].default;
}

/** What is done where this is asked for; null where it makes no sense. `note`: what of it is not done, and why. */
export function judgeSetting(name: SettingName, asked: unknown): { value: Settings[SettingName] | null; note: string | null } {
  if (isNumberSetting(name)) return judgeNumber(numberSettings[name], asked);
  if (name === 'suspended')
    return typeof asked === 'boolean' ? { value: asked, note: null } : { value: null, note: 'not true or false' };
  if (!Array.isArray(asked)) return { value: null, note: 'not a list' };
  const kept = asked.filter(isBlackoutWindow).slice(0, maxBlackoutWindows);
  return { value: kept, note: kept.length === asked.length ? null : `${asked.length - kept.length} windows left out` };
}

function judgeNumber({ min, max, whole }: NumberSetting, asked: unknown): { value: number | null; note: string | null } {
  if (typeof asked !== 'number' || !Number.isFinite(asked)) return { value: null, note: 'not a number' };
  if (asked > max) return { value: max, note: `${asked} was asked for; ${max} is the most` };
  if (asked < min) return { value: min, note: `${asked} was asked for; ${min} is the least` };
  return { value: whole ? Math.round(asked) : asked, note: null };
}

export function isNumberSetting(name: SettingName): name is NumberSettingName {
  return Object.hasOwn(numberSettings, name);
}
