import { BlockList } from 'node:net';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import type { SilenceLimits } from '@vedette/protocol';
import { z } from 'zod';
import { proxyHeaders, type TrustedProxies } from './http/client-address.ts';
import { readNetworks } from './notifications/channels/safe-address.ts';

interface SecretValues {
  readonly bootstrapPassword?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly edgeToken?: string | undefined;
  readonly oidcClientSecret?: string | undefined;
  readonly secretKey?: string | undefined;
}

/** Values that must never reach a log: they print as [secret] wherever the object goes. */
export class Secrets {
  readonly #values: SecretValues;

  constructor(values: SecretValues = {}) {
    this.#values = { ...values };
  }
  get bootstrapPassword(): string | undefined {
    return this.#values.bootstrapPassword;
  }
  get databaseUrl(): string | undefined {
    return this.#values.databaseUrl;
  }
  get oidcClientSecret(): string | undefined {
    return this.#values.oidcClientSecret;
  }
  get secretKey(): string | undefined {
    return this.#values.secretKey;
  }
  get edgeToken(): string | undefined {
    return this.#values.edgeToken;
  }
  toJSON(): string {
    return '[secret]';
  }
  [inspect.custom](): string {
    return '[secret]';
  }
}

const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });
const days = (standard: number) => z.coerce.number().positive().max(36_500).default(standard);
const count = (standard: number, most: number) => z.coerce.number().int().min(1).max(most).default(standard);
const flag = z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('0');
const password = z.string().min(8, 'must have at least 8 characters').max(1000);

/** What one of several processes on a database does; see docs/operations.md. */
const roles = ['all', 'api', 'ingest', 'jobs'] as const;
export type Role = (typeof roles)[number];

/** Every variable the server reads; the descriptions are the text of --help. */
const Environment = z.object({
  VEDETTE_DATA_DIR: z.string().min(1).default('.vedette').describe('directory of the database and everything else we keep'),
  VEDETTE_LISTEN: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[^:[\]]+):\d{1,5}$/, 'must be HOST:PORT')
    .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'has a port above 65535')
    .default('127.0.0.1:8420')
    .describe('host and port; port 0 takes a free one'),
  VEDETTE_ROLE: z
    .enum(roles, { error: `must be ${roles.join(', ')}` })
    .default('all')
    .describe('what this process does: all, api (console), ingest (agents), jobs; the others need a common DATABASE_URL'),
  VEDETTE_PUBLIC_URL: webUrl.optional().describe('address people and agents use, when it is not the one we listen on'),
  DATABASE_URL: z.string().min(1).optional().describe('an external PostgreSQL >= 15 instead of the embedded one (secret)'),
  VEDETTE_FEED_DIR: z.string().min(1).optional().describe('directory with feed files, instead of fetching them'),
  VEDETTE_FEED_MIRROR: webUrl.optional().describe('base address of a mirror of the feeds'),
  VEDETTE_STARTER_FILE: z.string().min(1).optional().describe('starter knowledge base to use before the first refresh'),
  VEDETTE_POSTURE_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('posture checks; default content/posture/linux.json of the checkout'),
  VEDETTE_OFFLINE: flag.describe('1: never fetch anything'),
  HTTPS_PROXY: webUrl.optional().describe('proxy for fetching feeds'),
  NO_PROXY: z.string().default('').describe('hosts to reach without the proxy, separated by commas'),
  VEDETTE_HISTORY_DAYS: z.coerce
    .number({ error: 'must be a number of days' })
    .int()
    .min(60, 'must be at least 60')
    .default(400)
    .describe('histories are kept whole for so many days, then as far as detections need them'),
  VEDETTE_CONSOLE_DIR: z.string().min(1).optional().describe('built console; default apps/console/dist'),
  VEDETTE_PACKAGES_DIR: z.string().min(1).optional().describe('agent packages to offer; default .build/packages of the checkout'),
  VEDETTE_RELEASES_DIR: z
    .string()
    .min(1)
    .optional()
    .describe('signed releases; default releases/ in the data directory; several servers share it'),
  VEDETTE_BOOTSTRAP_PASSWORD: password.optional().describe('password of the first administrator; default: a random one (secret)'),
  VEDETTE_SECRET_KEY: z
    .string()
    .min(1)
    .optional()
    .describe('key that seals secrets in the database, base64 of 32 bytes (secret)'),
  VEDETTE_SECRET_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('… or the file it is in; default secret.key in the data directory, made at the first start'),
  VEDETTE_SILENT_DAYS: days(1).describe('days without a check-in after which an asset is silent; default 1'),
  VEDETTE_STALE_DAYS: days(7).describe('… is stale; default 7'),
  VEDETTE_ARCHIVED_DAYS: days(30).describe('… is archived, until it is heard of again; default 30'),
  VEDETTE_DOWNLOADS_PER_SECOND: count(20, 10_000).describe(
    'downloads that agents begin here in a second, past all edges; default 20',
  ),
  VEDETTE_DOWNLOADS_AT_ONCE: count(32, 10_000).describe('… that are under way at one moment; default 32'),
  VEDETTE_DOWNLOAD_BYTES_PER_SECOND: count(20_000_000, 1e11).describe('… bytes that are promised in a second; default 20000000'),
  VEDETTE_EDGE_TOKEN: z
    .string()
    .regex(/^[\w-]{16,200}$/, 'must be 16 to 200 letters, digits, - or _')
    .optional()
    .describe('by which edges show that they fetch for many, and need not wait (secret)'),
  VEDETTE_OIDC_ISSUER: webUrl
    .refine(isHttpsOrHere, 'must be https, but on this machine')
    .optional()
    .describe('OpenID provider that people log in by; see docs/people.md'),
  VEDETTE_OIDC_CLIENT_ID: z.string().min(1).optional().describe('… how it calls this platform'),
  VEDETTE_OIDC_CLIENT_SECRET: z.string().min(1).optional().describe('… by which it knows this platform (secret)'),
  VEDETTE_OIDC_NAME: z.string().max(50).default('single sign-on').describe('… as the login page calls it'),
  VEDETTE_OIDC_ROLE_CLAIM: z.string().min(1).default('groups').describe('… claim that decides about the role; default groups'),
  VEDETTE_OIDC_ROLES: z
    .string()
    .regex(/^[^=,]+=[^=,]+(,[^=,]+=[^=,]+)*$/, 'must be VALUE=ROLE,VALUE=ROLE')
    .optional()
    .describe('… VALUE=ROLE,…: the first value that a person has decides'),
  VEDETTE_OIDC_DEFAULT_ROLE: z.string().min(1).optional().describe('… role of everybody else; without it they are refused'),
  VEDETTE_DESTINATION_NETWORKS: z
    .string()
    .default('')
    .describe(
      'networks that are not public and that channels (mail, webhooks, syslog) may reach all the same, separated by commas: 10.1.2.0/24',
    ),
  VEDETTE_WEBHOOK_NETWORKS: z.string().default('').describe('… the former name of it, which counts too'),
  VEDETTE_TRUSTED_PROXIES: z
    .string()
    .default('')
    .refine((text) => !/\/0+\s*(,|$)/.test(text), 'a network of all addresses would let everybody say whose request it is')
    .describe(
      'proxies in front that say whose request it is, addresses and networks, separated by commas: 127.0.0.1,10.1.2.0/24',
    ),
  VEDETTE_TRUSTED_PROXY_HEADER: z
    .enum(proxyHeaders)
    .default('x-forwarded-for')
    .describe('… by x-forwarded-for, or by forwarded: the one that they write themselves'),
  VEDETTE_NEW_PASSWORD: flag.describe('1: set a new password for the administrator at this start'),
  VEDETTE_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('debug, info, warn, error, silent'),
  VEDETTE_TLS_CERT: z.string().min(1).optional().describe('PEM certificate chain; with VEDETTE_TLS_KEY: serve https (TLS 1.3)'),
  VEDETTE_TLS_KEY: z.string().min(1).optional().describe('PEM private key'),
});

/** An OpenID provider, and what it decides. */
export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly name: string;
  readonly roleClaim: string;
  /** The first value that a person has decides. */
  readonly roles: readonly { readonly value: string; readonly role: string }[];
  /** Of everybody else; null: they are refused. */
  readonly defaultRole: string | null;
}

export interface Config {
  readonly role: Role;
  /** Absolute, like every path here. */
  readonly dataDirectory: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Without a slash at the end. */
  readonly publicUrl: string | null;
  readonly feedDirectory: string | null;
  readonly feedMirror: string | null;
  readonly starterFile: string | null;
  readonly postureFile: string | null;
  readonly offline: boolean;
  readonly httpsProxy: string | null;
  readonly noProxy: readonly string[];
  readonly historyDays: number;
  readonly consoleDirectory: string;
  /** Where `npm run package` puts the agent's packages; it may not exist. */
  readonly packagesDirectory: string;
  /** The repository of releases, which we serve and publish to. */
  readonly releasesDirectory: string;
  /** Keys that seal secrets, unless `secrets` holds them. */
  readonly secretKeyFile: string;
  /** Where nobody said which file, nor which key. */
  readonly mayMakeSecretKey: boolean;
  /** Seconds without a check-in. */
  readonly silence: SilenceLimits;
  /** What agents may download from the platform itself. */
  readonly downloads: {
    readonly downloadsPerSecond: number;
    readonly downloadsAtOnce: number;
    readonly bytesPerSecond: number;
  };
  /** Null: people have passwords alone. */
  readonly oidc: OidcConfig | null;
  /** That channels may reach although they are not public. */
  readonly destinationNetworks: BlockList;
  /** Null: whoever connects is the client. */
  readonly trustedProxies: TrustedProxies | null;
  readonly newPassword: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly secrets: Secrets;
}

/** All that is wrong with the configuration, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Reads the configuration; an empty variable counts as not set. Throws ConfigError with every problem at once. */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): Config {
  const given = Object.fromEntries(Object.keys(Environment.shape).map((name) => [name, environment[name] || undefined]));
  const parsed = Environment.safeParse(given);
  // zod's own text never quotes the value: it may be a secret.
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if ((given['VEDETTE_TLS_CERT'] === undefined) !== (given['VEDETTE_TLS_KEY'] === undefined)) {
    problems.push('VEDETTE_TLS_CERT, VEDETTE_TLS_KEY: only one of the two is set');
  }
  if (given['VEDETTE_SECRET_KEY'] !== undefined && given['VEDETTE_SECRET_KEY_FILE'] !== undefined) {
    problems.push('VEDETTE_SECRET_KEY, VEDETTE_SECRET_KEY_FILE: both are set');
  }
  if (parsed.success) problems.push(...silenceProblems(parsed.data), ...oidcProblems(parsed.data));
  const destinationNetworks = networksOf(['VEDETTE_DESTINATION_NETWORKS', 'VEDETTE_WEBHOOK_NETWORKS'], parsed.data, problems);
  const proxyNetworks = networksOf(['VEDETTE_TRUSTED_PROXIES'], parsed.data, problems);
  if (parsed.success && parsed.data.VEDETTE_ROLE !== 'all' && parsed.data.DATABASE_URL === undefined) {
    problems.push('VEDETTE_ROLE, DATABASE_URL: a part of the platform needs the database of the other parts');
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return toConfig(parsed.data, { cwd, destinationNetworks, proxyNetworks });
}

interface Given {
  readonly cwd: string;
  readonly destinationNetworks: BlockList;
  readonly proxyNetworks: BlockList;
}

function toConfig(env: z.infer<typeof Environment>, { cwd, destinationNetworks, proxyNetworks }: Given): Config {
  const colon = env.VEDETTE_LISTEN.lastIndexOf(':');
  const path = (text: string | undefined): string | null => (text === undefined ? null : resolve(cwd, text));
  const [certFile, keyFile] = [path(env.VEDETTE_TLS_CERT), path(env.VEDETTE_TLS_KEY)];
  return {
    role: env.VEDETTE_ROLE,
    dataDirectory: resolve(cwd, env.VEDETTE_DATA_DIR),
    listen: {
      host: env.VEDETTE_LISTEN.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(env.VEDETTE_LISTEN.slice(colon + 1)),
    },
    publicUrl: env.VEDETTE_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    feedDirectory: path(env.VEDETTE_FEED_DIR),
    feedMirror: env.VEDETTE_FEED_MIRROR?.replace(/\/+$/, '') ?? null,
    starterFile: path(env.VEDETTE_STARTER_FILE),
    postureFile: path(env.VEDETTE_POSTURE_FILE),
    offline: env.VEDETTE_OFFLINE === '1',
    httpsProxy: env.HTTPS_PROXY ?? null,
    noProxy: env.NO_PROXY.split(',').flatMap((host) => host.trim() || []),
    historyDays: env.VEDETTE_HISTORY_DAYS,
    consoleDirectory: path(env.VEDETTE_CONSOLE_DIR) ?? join(import.meta.dirname, '../../console/dist'),
    packagesDirectory: path(env.VEDETTE_PACKAGES_DIR) ?? join(import.meta.dirname, '../../../.build/packages'),
    releasesDirectory: path(env.VEDETTE_RELEASES_DIR) ?? resolve(cwd, env.VEDETTE_DATA_DIR, 'releases'),
    secretKeyFile: path(env.VEDETTE_SECRET_KEY_FILE) ?? resolve(cwd, env.VEDETTE_DATA_DIR, 'secret.key'),
    mayMakeSecretKey: env.VEDETTE_SECRET_KEY === undefined && env.VEDETTE_SECRET_KEY_FILE === undefined,
    silence: {
      silent: env.VEDETTE_SILENT_DAYS * 86_400,
      stale: env.VEDETTE_STALE_DAYS * 86_400,
      archived: env.VEDETTE_ARCHIVED_DAYS * 86_400,
    },
    downloads: {
      downloadsPerSecond: env.VEDETTE_DOWNLOADS_PER_SECOND,
      downloadsAtOnce: env.VEDETTE_DOWNLOADS_AT_ONCE,
      bytesPerSecond: env.VEDETTE_DOWNLOAD_BYTES_PER_SECOND,
    },
    oidc: toOidc(env),
    destinationNetworks,
    trustedProxies:
      env.VEDETTE_TRUSTED_PROXIES === '' ? null : { networks: proxyNetworks, header: env.VEDETTE_TRUSTED_PROXY_HEADER },
    newPassword: env.VEDETTE_NEW_PASSWORD === '1',
    logLevel: env.VEDETTE_LOG_LEVEL,
    tls: certFile !== null && keyFile !== null ? { certFile, keyFile } : null,
    secrets: new Secrets({
      bootstrapPassword: env.VEDETTE_BOOTSTRAP_PASSWORD,
      databaseUrl: env.DATABASE_URL,
      edgeToken: env.VEDETTE_EDGE_TOKEN,
      oidcClientSecret: env.VEDETTE_OIDC_CLIENT_SECRET,
      secretKey: env.VEDETTE_SECRET_KEY,
    }),
  };
}

function networksOf(
  names: readonly ('VEDETTE_DESTINATION_NETWORKS' | 'VEDETTE_WEBHOOK_NETWORKS' | 'VEDETTE_TRUSTED_PROXIES')[],
  env: z.infer<typeof Environment> | undefined,
  problems: string[],
): BlockList {
  try {
    const texts = names.flatMap((name) => env?.[name].split(',') ?? []);
    return readNetworks(texts.flatMap((network) => network.trim() || []));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.push(`${names.join(', ')}: ${error.message}`);
    return new BlockList();
  }
}

function silenceProblems(env: z.infer<typeof Environment>): string[] {
  const rises = env.VEDETTE_SILENT_DAYS <= env.VEDETTE_STALE_DAYS && env.VEDETTE_STALE_DAYS <= env.VEDETTE_ARCHIVED_DAYS;
  return rises
    ? []
    : ['VEDETTE_SILENT_DAYS, VEDETTE_STALE_DAYS, VEDETTE_ARCHIVED_DAYS: an earlier one is longer than a later one'];
}

function oidcProblems(env: z.infer<typeof Environment>): string[] {
  const isWhole = (env.VEDETTE_OIDC_ISSUER === undefined) === (env.VEDETTE_OIDC_CLIENT_ID === undefined);
  return isWhole ? [] : ['VEDETTE_OIDC_ISSUER, VEDETTE_OIDC_CLIENT_ID: only one of the two is set'];
}

function toOidc(env: z.infer<typeof Environment>): OidcConfig | null {
  if (env.VEDETTE_OIDC_ISSUER === undefined || env.VEDETTE_OIDC_CLIENT_ID === undefined) return null;
  const pairs = env.VEDETTE_OIDC_ROLES?.split(',') ?? [];
  return {
    issuer: env.VEDETTE_OIDC_ISSUER,
    clientId: env.VEDETTE_OIDC_CLIENT_ID,
    name: env.VEDETTE_OIDC_NAME,
    roleClaim: env.VEDETTE_OIDC_ROLE_CLAIM,
    roles: pairs.map((pair) => {
      const [value = '', role = ''] = pair.split('=').map((text) => text.trim());
      return { value, role };
    }),
    defaultRole: env.VEDETTE_OIDC_DEFAULT_ROLE ?? null,
  };
}

/** What passes between us and a provider says who somebody is. */
function isHttpsOrHere(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** The text of --help. */
export function helpText(): string {
  const lines = Object.entries(Environment.shape).map(([name, field]) => `  ${name.padEnd(28)}${field.description ?? ''}`);
  return `Vedette platform. Configured by environment variables:\n\n${lines.join('\n')}\n`;
}

/** Whether this process does the part of a role. */
export function plays({ role }: Pick<Config, 'role'>, part: Exclude<Role, 'all'>): boolean {
  return role === 'all' || role === part;
}

/** Whether people reach us by https, here or at a proxy in front. */
export function isSecure(config: Config): boolean {
  return config.tls !== null || (config.publicUrl?.startsWith('https:') ?? false);
}
