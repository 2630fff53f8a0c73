import { AgentError } from './errors.ts';
import { logLevels, type LogLevel } from './log.ts';
import { readProxyPlan, type ProxyPlan } from './transport/proxies.ts';
import { parsePlatformUrl } from './transport/platform-url.ts';

export const agentVersion = '0.1.0';

/** Options of the command line, as util.parseArgs gives them. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export interface AgentConfig {
  readonly stateDirectory: string;
  readonly platform: URL | null;
  readonly caFile: string | null;
  /** From the environment alone: a password among the options would show in the list of processes. */
  readonly proxies: ProxyPlan;
  /** Settings of this host's owner, JSON; see `config explain`. */
  readonly settingsFile: string;
  readonly hostname: string | null;
  readonly logLevel: LogLevel;
  /** A function, so that printing the configuration never prints the key. */
  readonly activationKey: () => string | null;
}

/** Where an option may also come from. A key in the environment does not show in the list of processes. */
export const environmentNames = {
  'state-dir': 'VEDETTE_STATE_DIR',
  platform: 'VEDETTE_PLATFORM',
  'ca-file': 'VEDETTE_CA_FILE',
  settings: 'VEDETTE_SETTINGS_FILE',
  name: 'VEDETTE_HOSTNAME',
  'activation-key': 'VEDETTE_ACTIVATION_KEY',
  'log-level': 'VEDETTE_LOG_LEVEL',
} as const;

/** Settings from options, then environment, then defaults. Throws AgentError CONFIG that names every problem at once. */
export function readConfig(options: Options, environment: Environment): AgentConfig {
  const problems: string[] = [];
  const setting = (name: keyof typeof environmentNames): string | null => {
    const value = options[name] ?? environment[environmentNames[name]];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const platformText = setting('platform');
  const platform = platformText === null ? null : parsePlatformUrl(platformText, problems);
  const stateDirectory = setting('state-dir') ?? '/var/lib/vedette-agent';
  if (!stateDirectory.startsWith('/')) problems.push(`the state directory must be an absolute path, not ${stateDirectory}`);
  const activationKey = setting('activation-key');
  if (activationKey !== null && (activationKey.length < 8 || activationKey.length > 200))
    problems.push('the activation key must have 8 to 200 characters');
  const proxies = readProxyPlan(environment, problems);
  const level = setting('log-level') ?? 'warn';
  const logLevel = logLevels.find((known) => known === level);
  if (!logLevel) problems.push(`the log level must be one of ${logLevels.join(', ')}`);
  if (problems.length > 0) throw new AgentError('CONFIG', problems.join('; '));
  return {
    stateDirectory,
    platform,
    caFile: setting('ca-file'),
    proxies,
    settingsFile: setting('settings') ?? '/etc/vedette-agent/settings.json',
    hostname: setting('name'),
    logLevel: logLevel ?? 'warn',
    activationKey: () => activationKey,
  };
}

/** The environment of this process; the only place that reads it. */
export function processEnvironment(): Environment {
  return process.env;
}
