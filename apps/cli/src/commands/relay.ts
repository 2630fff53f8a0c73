import { readFileSync } from 'node:fs';
import type { Environment } from '../context.ts';
import { CliError } from '../errors.ts';
import type { RelayOptions } from '../relay/relay.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

/** Also as environment variables, for a service: an option wins. */
const settings = [
  ['platform', '<url>', 'VEDETTE_PLATFORM', 'the platform, or the next relay on the way to it'],
  ['listen', '<host:port>', 'VEDETTE_RELAY_LISTEN', 'where to listen (default 127.0.0.1:8443)'],
  ['directory', '<path>', 'VEDETTE_RELAY_DIR', 'cache, and what is held for the platform (default /var/lib/vedette-relay)'],
  ['tls-cert', '<file>', 'VEDETTE_TLS_CERT', 'PEM certificate chain; with --tls-key: serve https'],
  ['tls-key', '<file>', 'VEDETTE_TLS_KEY', 'PEM private key'],
  ['ca-file', '<file>', 'VEDETTE_CA_FILE', "PEM of the only authorities to trust for the platform's certificate"],
  ['cache-size', '<size>', 'VEDETTE_RELAY_CACHE_SIZE', 'room for releases and content (default 4G)'],
  ['hold-size', '<size>', 'VEDETTE_RELAY_HOLD_SIZE', 'room for what agents send while the platform is away (default 256M)'],
] as const;
type Setting = (typeof settings)[number][0];

export const relay: Command = {
  name: 'relay',
  summary: 'Serve a site: hand out releases from a cache, and pass on what its agents say.',
  options: settings.map(([name, value, variable, describes]) => [`--${name} ${value}`, `${describes} [${variable}]`] as const),
  example: 'vedette relay --platform https://platform.example --listen 0.0.0.0:443 --tls-cert relay.pem --tls-key relay.key',
  help:
    'Runs until it is stopped and logs on standard error, with --json one object a line. It connects to the platform alone and answers only\n' +
    'the names of signed releases (/tuf/, /targets/), the paths of agents (/agent/v1/), /status and /stub_status. A platform that lets edges\n' +
    'pass when it is busy takes its token from VEDETTE_EDGE_TOKEN. docs/edges.md tells more.',
  async run({ environment, note, write, stopped }, args, options) {
    if (args.length > 0)
      throw new CliError('USAGE', `there is no "relay ${args[0]}"; "vedette relay --help" shows what there is`);
    const isJson = options['json'] === true;
    const log: RelayOptions['log'] = (event, facts = {}) => {
      const time = new Date().toISOString();
      note(isJson ? JSON.stringify({ time, event, ...facts }) : `${time} ${event}${Object.entries(facts).map(word).join('')}`);
    };
    const relayOptions = { ...readOptions(options, environment), log };
    const { Relay } = await import('../relay/relay.ts');
    const signal = stopped?.() ?? AbortSignal.abort();
    await using running = await Relay.start(relayOptions).catch((error: unknown) => {
      throw new CliError('FAILURE', `the relay cannot start: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    });
    // The one line on stdout, for whoever started us.
    await write(`${JSON.stringify({ event: 'ready', url: running.url })}\n`);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return null;
  },
};

function word([name, value]: [string, unknown]): string {
  return ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
}

/** Throws CliError CONFIG with every problem at once. */
function readOptions(
  options: Readonly<Record<string, string | true | undefined>>,
  environment: Environment,
): Omit<RelayOptions, 'log'> {
  const problems: string[] = [];
  const read = (name: Setting): string | undefined => {
    const variable = settings.find(([known]) => known === name)?.[2] ?? '';
    const camelCase = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    return text(options[camelCase]) ?? (environment[variable] || undefined);
  };
  const problem = (message: string): null => {
    problems.push(message);
    return null;
  };
  const file = (name: Setting): string | undefined => {
    const path = read(name);
    try {
      return path === undefined ? undefined : readFileSync(path, 'utf8');
    } catch {
      problem(`--${name}: ${path} cannot be read`);
      return undefined;
    }
  };
  const size = (name: Setting, standard: string): number => {
    const [, digits, unit = ''] = /^(\d{1,6})([KMGT]?)$/i.exec(read(name) ?? standard) ?? [];
    if (digits === undefined) problem(`--${name} must be a number of bytes, such as 512M or 20G`);
    return Number(digits) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase());
  };
  const platform = platformOf(read('platform')) ?? problem('--platform must be an http(s) address without a path');
  const listen = listenOf(read('listen') ?? '127.0.0.1:8443') ?? problem('--listen must be HOST:PORT');
  const [cert, key] = [file('tls-cert'), file('tls-key')];
  if ((cert === undefined) !== (key === undefined)) problem('--tls-cert, --tls-key: only one of the two is there');
  const others = {
    ca: file('ca-file'),
    edgeToken: environment['VEDETTE_EDGE_TOKEN'] ?? '',
    tls: cert !== undefined && key !== undefined ? { cert, key } : null,
    directory: read('directory') ?? '/var/lib/vedette-relay',
    cacheBytes: size('cache-size', '4G'),
    holdBytes: size('hold-size', '256M'),
  };
  if (platform === null || listen === null || problems.length > 0) throw new CliError('CONFIG', problems.join('; '));
  return { platform, listen, ...others };
}

export function platformOf(address: string | undefined): URL | null {
  if (address === undefined || !URL.canParse(address)) return null;
  const url = new URL(address);
  const isPlain = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  return isPlain && /^https?:$/.test(url.protocol) ? url : null;
}

function listenOf(address: string): { host: string; port: number } | null {
  const [, host = '', port = ''] = /^(\[[0-9a-fA-F:]+\]|[^:[\]]+):(\d{1,5})$/.exec(address) ?? [];
  return host === '' || Number(port) > 65_535 ? null : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
