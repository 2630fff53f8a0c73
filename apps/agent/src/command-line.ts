import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import type { Options } from './config.ts';
import { AgentError } from './errors.ts';

const optionHelp = {
  platform: ['URL', 'Platform, as https://vedette.example (VEDETTE_PLATFORM)'],
  'activation-key': ['KEY', 'Activation key; better in VEDETTE_ACTIVATION_KEY, where the list of processes does not show it'],
  'state-dir': ['DIR', 'Key, identity and acknowledged state (VEDETTE_STATE_DIR; default /var/lib/vedette-agent)'],
  'ca-file': ['FILE', 'Trust only this certificate authority, PEM (VEDETTE_CA_FILE)'],
  settings: ['FILE', 'Settings of this host, JSON (VEDETTE_SETTINGS_FILE; default /etc/vedette-agent/settings.json)'],
  name: ['HOSTNAME', 'Name to enroll under instead of the host name (VEDETTE_HOSTNAME)'],
  'log-level': ['LEVEL', 'debug, info, warn or error, on stderr as JSON lines (VEDETTE_LOG_LEVEL; default warn)'],
  wait: ['', 'When the running agent does the scan: wait until it is done'],
  json: ['', 'Print JSON'],
  help: ['', 'Print this'],
} as const;
type OptionName = keyof typeof optionHelp;

const everywhere = ['json', 'help'] as const;
const enrollment = ['platform', 'activation-key', 'ca-file', 'name'] as const;

interface CommandHelp {
  readonly summary: string;
  readonly argument?: string;
  readonly options: readonly OptionName[];
}

export const commandHelp = {
  enroll: { summary: 'Register this host with a platform.', options: [...enrollment, 'state-dir'] },
  run: {
    summary: 'Be the agent: first inventory, then changes and check-ins until SIGTERM. Enrolls first where a key is given.',
    options: [...enrollment, 'state-dir', 'settings', 'log-level'],
  },
  scan: { summary: 'One full inventory now, sent at once.', options: ['state-dir', 'wait', 'log-level'] },
  status: { summary: 'What this agent is, and what it last did.', options: ['state-dir'] },
  journal: { summary: 'Everything that was sent: when, what, how much, and the receipt.', options: ['state-dir'] },
  doctor: {
    summary: 'Go the way to the platform hop by hop; say which fails and what to do. Exit code 1 then.',
    options: ['platform', 'ca-file', 'state-dir'],
  },
  check: { summary: 'One check-in now, through the running agent when there is one.', options: ['state-dir', 'log-level'] },
  'show-collected': { summary: 'Run collectors and print what they see; sends nothing.', argument: '[COLLECTOR]', options: [] },
  config: {
    summary: 'config explain: every setting, its value, who set it and what limits it.',
    argument: 'explain',
    options: ['platform', 'ca-file', 'log-level', 'state-dir', 'settings'],
  },
  completion: { summary: 'Print what a shell needs to complete commands and options.', argument: 'bash|zsh|fish', options: [] },
  'fetch-release': {
    summary: 'What the running agent starts to fetch, check and stage another version of itself, or a manifest.',
    argument: '[manifests/]VERSION[@REGION]',
    options: ['platform', 'ca-file', 'state-dir'],
  },
  'self-test': { summary: 'Whether this version starts here and reads the state; changes nothing.', options: ['state-dir'] },
  version: { summary: 'Print the version.', options: [] },
} as const satisfies Record<string, CommandHelp>;
export type CommandName = keyof typeof commandHelp;

export interface CommandLine {
  readonly command: CommandName | null;
  readonly options: Options;
  readonly argument: string | undefined;
}

/** What was asked for; no command means help. Throws AgentError USAGE. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const [first = '--help', ...rest] = args;
  if (first === '--help' || first === '-h' || first === 'help') return { command: null, options: {}, argument: undefined };
  if (first === '--version') return { command: 'version', options: {}, argument: undefined };
  if (!Object.hasOwn(commandHelp, first)) throw new AgentError('USAGE', `unknown command ${first}; see --help`);
  const command = first as CommandName; // an own key, by the line above
  const help: CommandHelp = commandHelp[command];
  try {
    const parsed = parseArgs({ args: rest, options: parseOptions(help), allowPositionals: help.argument !== undefined });
    if (parsed.positionals.length > 1) throw new Error('too many arguments');
    return { command, options: parsed.values as Options, argument: parsed.positionals[0] }; // no option is `multiple`
  } catch (error) {
    throw new AgentError('USAGE', `${(error as Error).message}; see ${command} --help`, { cause: error });
  }
}

export function helpText(command: CommandName | null): string {
  if (command === null) {
    const lines = Object.entries(commandHelp).map(([name, { summary }]) => `  ${name.padEnd(16)}${summary}`);
    return `Usage: vedette-agent COMMAND [OPTIONS]\n\n${lines.join('\n')}\n\nEvery command takes --help and --json. ${exitCodeText}\n`;
  }
  const help: CommandHelp = commandHelp[command];
  const lines = [...help.options, ...everywhere].map((name) => {
    const [value, text] = optionHelp[name];
    return `  ${`--${name} ${value}`.padEnd(24)}${text}`;
  });
  const usage = ['Usage: vedette-agent', command, ...(help.argument ? [help.argument] : []), '[OPTIONS]'].join(' ');
  return `${usage}\n\n${help.summary}\n\n${lines.join('\n')}\n`;
}

const exitCodeText = 'Exit codes: 0 done, 1 failed, 2 wrong usage,\n4 refused by the platform, 78 wrong configuration.';

/** As they are typed. */
export function optionsOf(command: CommandName): string[] {
  const help: CommandHelp = commandHelp[command];
  return [...help.options, ...everywhere].map((name) => `--${name}`);
}

function parseOptions(help: CommandHelp): ParseArgsOptionsConfig {
  const entries = [...help.options, ...everywhere].map((name) => {
    const type = optionHelp[name][0] === '' ? 'boolean' : 'string';
    return [name, { type, ...(name === 'help' ? { short: 'h' } : {}) }] as const;
  });
  return Object.fromEntries(entries) as ParseArgsOptionsConfig; // fromEntries widens the literal types
}
