import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type Client, connect, type Patience } from './api/connect.ts';
import { CliError } from './errors.ts';

/** Which platform, and the token for it. */
const Context = z.object({ url: z.url(), token: z.string().min(1) });
export type Context = z.infer<typeof Context>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** What `vedette login` keeps: platforms by the name that a person gave them, and the one that is used when none is named. */
export interface Contexts {
  readonly current: string;
  readonly contexts: ReadonlyMap<string, Context>;
}

export const firstContext = 'default';
const ContextName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const ContextsFile = z
  .object({ current: ContextName, contexts: z.record(ContextName, Context) })
  // The first releases kept one platform, without a name.
  .or(Context.transform((only) => ({ current: firstContext, contexts: { [firstContext]: only } })));

/** $XDG_CONFIG_HOME/vedette/context.json, by default below ~/.config (XDG Base Directory Specification). */
export function contextFile(environment: Environment): string {
  const base = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] ?? '/', '.config');
  return join(base, 'vedette/context.json');
}

/**
 * The platform to talk to: VEDETTE_URL and VEDETTE_TOKEN, else the kept one that VEDETTE_CONTEXT (--context) names, else the current
 * one. Throws CliError CONFIG when nothing says which platform, or the file is not ours; AUTH without a token.
 */
export function readContext(environment: Environment): Context {
  const stored = environment['VEDETTE_URL'] && !environment['VEDETTE_CONTEXT'] ? undefined : usedContext(environment);
  const url = stored?.url ?? environment['VEDETTE_URL'];
  const token = environment['VEDETTE_TOKEN'] ?? stored?.token;
  if (!url)
    throw new CliError('CONFIG', 'no platform is known: run "vedette login --url ADDRESS", or set VEDETTE_URL and VEDETTE_TOKEN');
  if (!isAddress(url)) throw new CliError('CONFIG', 'VEDETTE_URL is no http or https address without user and password');
  if (!token) throw new CliError('AUTH', `no token for ${url}: set VEDETTE_TOKEN or run "vedette login --url ${url}"`);
  return { url, token };
}

/** Of a platform. What may be in another one, a password, is not repeated. */
export function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}

function usedContext(environment: Environment): Context | undefined {
  const { current, contexts } = readContexts(environment);
  const name = environment['VEDETTE_CONTEXT'];
  return name ? namedContext({ current, contexts }, name) : contexts.get(current);
}

/** Throws CliError NOT_FOUND with the names that there are. */
export function namedContext({ contexts }: Contexts, name: string): Context {
  const context = contexts.get(name);
  if (!context) {
    const known = contexts.size > 0 ? `there are ${[...contexts.keys()].join(', ')}` : 'there is none yet';
    throw new CliError('NOT_FOUND', `no context is called "${name}": ${known} (vedette login --context ${name} makes it)`);
  }
  return context;
}

/** What is kept; without a file, nothing. Throws CliError CONFIG for a file that cannot be read or is not ours. */
export function readContexts(environment: Environment): Contexts {
  const file = contextFile(environment);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { current: firstContext, contexts: new Map() };
    throw new CliError('CONFIG', `${file} cannot be read`, { cause: error });
  }
  try {
    const { current, contexts } = ContextsFile.parse(JSON.parse(text));
    return { current, contexts: new Map(Object.entries(contexts)) };
  } catch (error) {
    throw new CliError('CONFIG', `${file} is damaged: delete it and run "vedette login"`, { cause: error });
  }
}

/** Keeps them in a file that only its owner can read; returns its path. Throws CliError USAGE for a name that cannot be one. */
export function writeContexts(environment: Environment, { current, contexts }: Contexts): string {
  for (const name of contexts.keys())
    if (!ContextName.safeParse(name).success)
      throw new CliError('USAGE', `a context is called by at most 64 letters, digits, ".", "_" and "-", not "${name}"`);
  const file = contextFile(environment);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify({ current, contexts: Object.fromEntries(contexts) }, null, 2)}\n`;
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  chmodSync(`${file}.new`, 0o600); // the mode above counts only for a new file
  renameSync(`${file}.new`, file);
  return file;
}

/** How long a request waits for a busy platform, all its waits together. */
const patienceSeconds = 60;

/** The platform that readContext says; requests wait for it with `pause` where it is busy, for VEDETTE_WAIT_SECONDS at most. */
export function connectFrom(environment: Environment, pause: Patience['pause']): Client {
  const { url, token } = readContext(environment);
  const wanted = environment['VEDETTE_WAIT_SECONDS'] || String(patienceSeconds);
  if (!/^\d{1,6}$/.test(wanted))
    throw new CliError('CONFIG', 'VEDETTE_WAIT_SECONDS takes whole seconds; 0: do not wait for a busy platform');
  return connect(url, { token }, { maxSeconds: Number(wanted), pause });
}
