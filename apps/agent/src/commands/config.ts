import { AgentError } from '../errors.ts';
import { readHostSettings, readProfile } from '../governor/setting-sources.ts';
import { explainSettings, numberSettings, otherSettings, type ExplainedSetting } from '../governor/settings.ts';
import type { CommandContext, CommandOutput } from './command.ts';

/** Every setting: what is in force, who set it, and what limits it. */
export async function configCommand({ config, argument }: CommandContext): Promise<CommandOutput> {
  if (argument !== 'explain') throw new AgentError('USAGE', 'say `config explain`');
  const wishes = { platform: readProfile(config.stateDirectory), host: readHostSettings(config.settingsFile) };
  const settings = explainSettings(wishes).map((setting) => ({ ...setting, ...tableEntry(setting) }));
  const { platform, caFile, stateDirectory, logLevel, settingsFile, proxies } = config;
  // Addresses only: a proxy's password is shown nowhere.
  const ways = proxies.proxies.map(({ origin }) => origin);
  const environment = {
    platform: platform?.origin ?? null,
    caFile,
    stateDirectory,
    logLevel,
    proxies: ways,
    proxyFallback: proxies.fallback,
    proxyExcept: proxies.except,
  };
  const lines = Object.entries(environment).map(([name, value]) => `${name.padEnd(18)}${String(value ?? '') || 'not set'}`);
  const text = [...settings.map(line), '', 'From options and environment:', ...lines].join('\n');
  return { json: { settings, settingsFile, environment }, text };
}

type Explained = ExplainedSetting & ReturnType<typeof tableEntry>;

function tableEntry({ name }: ExplainedSetting) {
  const all: Readonly<Record<string, { default: unknown; min?: number; max?: number; unit?: string; meaning: string }>> = {
    ...numberSettings,
    ...otherSettings,
  };
  const entry = all[name];
  const { min = null, max = null, unit = '' } = entry ?? {};
  return { default: entry?.default, min, max, unit, meaning: entry?.meaning ?? '' };
}

function line({ name, value, source, note, min, max, unit, meaning }: Explained): string {
  const range = min === null ? '' : `, ${min} to ${max}`;
  const shown = Array.isArray(value) ? value.join('; ') || 'none' : String(value);
  const why = `(${source}${range}${note === null ? '' : `; ${note}`})`;
  return `${name.padEnd(18)}${`${shown} ${unit}`.trim().padEnd(24)} ${why}\n${' '.repeat(18)}${meaning}`;
}
