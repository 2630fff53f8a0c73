import { explainSettings, numberSettings, otherSettings, type ExplainedSetting } from '@vedette/protocol';
import { importPublicKey, loadIdentity } from '../enrollment/identity.ts';
import { AgentError } from '../errors.ts';
import { readHostSettings, readProfile } from '../governor/setting-sources.ts';
import { loadManifest } from '../manifest/manifest-file.ts';
import type { CommandContext, CommandOutput } from './command.ts';

/** Every setting: what is in force, who set it, and what limits it. */
export async function configCommand({ config, argument }: CommandContext): Promise<CommandOutput> {
  if (argument !== 'explain') throw new AgentError('USAGE', 'say `config explain`');
  const wishes = { platform: readProfile(config.stateDirectory).settings, host: readHostSettings(config.settingsFile) };
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
  const manifest = manifestSummary(stateDirectory);
  const lines = Object.entries(environment).map(([name, value]) => `${name.padEnd(18)}${String(value ?? '') || 'not set'}`);
  const text = [...settings.map(line), '', 'From options and environment:', ...lines, '', manifestText(manifest)].join('\n');
  return { json: { settings, settingsFile, environment, manifest }, text };
}

interface ManifestSummary {
  readonly version: number;
  /** Names of the probes. */
  readonly probes: readonly string[];
  /** Null for all. */
  readonly collectors: readonly string[] | null;
}

/** What the platform asks for, from the copy on disk; null where there is none. */
function manifestSummary(stateDirectory: string): ManifestSummary | null {
  const identity = loadIdentity(stateDirectory);
  const manifest = identity && loadManifest(stateDirectory, importPublicKey(identity.platformPublicKey));
  if (!manifest) return null;
  return { version: manifest.version, probes: manifest.probes.map(({ id }) => id), collectors: manifest.collectors ?? null };
}

function manifestText(manifest: ManifestSummary | null): string {
  if (manifest === null) return 'No manifest of the platform yet.';
  const { version, probes, collectors } = manifest;
  const published = new Date(version * 1000).toISOString();
  const lines = [
    `Manifest ${version}, published ${published}: ${probes.length} probes (show-collected posture shows what they read)`,
  ];
  return [
    ...lines,
    ...(collectors ? [`  only the collectors ${collectors.join(', ')}`] : []),
    ...probes.map((id) => `  ${id}`),
  ].join('\n');
}

type Explained = ExplainedSetting & ReturnType<typeof tableEntry>;

function tableEntry({ name }: ExplainedSetting) {
  const all: Readonly<
    Record<string, { default: unknown; min?: number; max?: number; unit?: string; label: string; meaning: string }>
  > = {
    ...numberSettings,
    ...otherSettings,
  };
  const entry = all[name];
  const { min = null, max = null, unit = '' } = entry ?? {};
  return { default: entry?.default, min, max, unit, label: entry?.label ?? '', meaning: entry?.meaning ?? '' };
}

function line({ name, value, source, note, min, max, unit, label, meaning }: Explained): string {
  const range = min === null ? '' : `, ${min} to ${max}`;
  const shown = Array.isArray(value) ? value.join('; ') || 'none' : String(value);
  const why = `(${source}${range}${note === null ? '' : `; ${note}`})`;
  return `${name.padEnd(18)}${`${shown} ${unit}`.trim().padEnd(24)} ${why}\n${' '.repeat(18)}${label}: ${meaning}`;
}
