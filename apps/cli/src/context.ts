import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { connect, type Client } from './api/connect.ts';
import { CliError } from './errors.ts';

/** Which platform, and the token for it: what `vedette login` keeps. */
const Context = z.object({ url: z.url(), token: z.string().min(1) });
export type Context = z.infer<typeof Context>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** $XDG_CONFIG_HOME/vedette/context.json, by default below ~/.config (XDG Base Directory Specification). */
export function contextFile(environment: Environment): string {
  const base = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] ?? '/', '.config');
  return join(base, 'vedette/context.json');
}

/** Throws CliError CONFIG when nothing says which platform, or the file is not ours. */
export function readContext(environment: Environment): Context {
  const stored = readStored(contextFile(environment));
  const url = environment['VEDETTE_URL'] ?? stored?.url;
  const token = environment['VEDETTE_TOKEN'] ?? (environment['VEDETTE_URL'] ? undefined : stored?.token);
  if (!url)
    throw new CliError('CONFIG', 'no platform is known: run "vedette login --url ADDRESS", or set VEDETTE_URL and VEDETTE_TOKEN');
  if (!URL.canParse(url)) throw new CliError('CONFIG', `VEDETTE_URL is not an address: ${url}`);
  if (!token) throw new CliError('AUTH', `no token for ${url}: set VEDETTE_TOKEN or run "vedette login --url ${url}"`);
  return { url, token };
}

function readStored(file: string): Context | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new CliError('CONFIG', `${file} cannot be read`, { cause: error });
  }
  try {
    return Context.parse(JSON.parse(text));
  } catch (error) {
    throw new CliError('CONFIG', `${file} is damaged: delete it and run "vedette login"`, { cause: error });
  }
}

/** Keeps the context in a file that only its owner can read; returns its path. */
export function writeContext(environment: Environment, context: Context): string {
  const file = contextFile(environment);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(context, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600); // the mode above counts only for a new file
  return file;
}

export function connectFrom(environment: Environment): Client {
  const context = readContext(environment);
  return connect(context.url, { token: context.token });
}
