import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect, type Client } from '@vedette/client';
import { createApiToken, getSession } from '@vedette/protocol';
import { z } from 'zod';
import type { Children } from './children.ts';
import { StartError, type Settings } from './settings.ts';

const Login = z.object({ login: z.string(), password: z.string() });
/** The one line that the platform prints on stdout. */
const Announcement = z.object({ event: z.literal('ready'), url: z.url(), bootstrap: Login.nullish() });

export interface Platform {
  readonly url: string;
  readonly client: Client;
  /** Login of the administrator when this start set the password: it is stored nowhere. */
  readonly bootstrap: z.infer<typeof Login> | null;
}

/** Throws StartError portInUse or noPermission, before anything is started in vain. */
export async function requireFreePort(port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EACCES'
          ? new StartError('noPermission', `port ${port} may not be used by this user; choose one above 1023 with --port N.`)
          : new StartError(
              'portInUse',
              `port ${port} on 127.0.0.1 is in use (${error.code}); stop that program or choose another with --port N.`,
            ),
      );
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}

/** Starts the platform and waits until it answers; a token for later starts is kept in the data directory. */
export async function startPlatform(settings: Settings, children: Children, consoleDirectory: string): Promise<Platform> {
  const password = randomBytes(24).toString('base64url');
  const child = children.start('platform', [process.execPath, join(settings.root, 'apps/server/src/main.ts')], {
    VEDETTE_DATA_DIR: join(settings.data, 'platform'),
    VEDETTE_LISTEN: `127.0.0.1:${settings.port}`,
    VEDETTE_CONSOLE_DIR: consoleDirectory,
    VEDETTE_BOOTSTRAP_PASSWORD: password,
    ...(settings.newPassword ? { VEDETTE_NEW_PASSWORD: '1' } : {}),
    ...(settings.offline ? { VEDETTE_OFFLINE: '1' } : {}),
  });
  const log = join(settings.data, 'platform.log');
  const announcement = await new Promise<z.infer<typeof Announcement>>((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new StartError(exitNames.get(code) ?? 'failure', `the platform did not start.\n${lastWords(log)}\nSee ${log}`)),
    );
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      const parsed = Announcement.safeParse(tryJson(line));
      if (parsed.success) resolve(parsed.data);
    });
  });
  const bootstrap = announcement.bootstrap ?? null;
  return {
    url: announcement.url,
    bootstrap,
    client: await logIn(announcement.url, bootstrap, join(settings.data, 'start-token')),
  };
}

/** Its exit codes are those of sysexits(3), like ours. */
const exitNames = new Map<number | null, ConstructorParameters<typeof StartError>[0]>([
  [69, 'portInUse'],
  [74, 'noSpace'],
  [77, 'noPermission'],
]);

/** What the platform said last to people; its log proper is JSON. */
function lastWords(log: string): string {
  // Somebody may have deleted the data directory under a running start.
  if (!existsSync(log)) return '';
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  return lines.slice(lines.findLastIndex((line) => line.startsWith('{')) + 1).join('\n');
}

async function logIn(url: string, bootstrap: Platform['bootstrap'], tokenFile: string): Promise<Client> {
  if (!bootstrap) return useKeptToken(url, tokenFile);
  const response = await fetch(new URL('/api/v1/session', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(bootstrap),
    signal: AbortSignal.timeout(30_000),
  });
  await response.body?.cancel();
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const token = await connect(url, { cookie }).call(createApiToken, { body: { name: 'npm start' } });
  writeFileSync(tokenFile, token.secret, { mode: 0o600 });
  return connect(url, { token: token.secret });
}

async function useKeptToken(url: string, tokenFile: string): Promise<Client> {
  const lost = `the token of earlier starts (${tokenFile}) is missing or revoked; npm start -- --new-password makes another.`;
  if (!existsSync(tokenFile)) throw new StartError('failure', lost);
  const client = connect(url, { token: readFileSync(tokenFile, 'utf8').trim() });
  await client.call(getSession, {}).catch((error: unknown) => {
    throw new StartError('failure', lost, { cause: error });
  });
  return client;
}

function tryJson(line: string): unknown {
  try {
    return JSON.parse(line); // checked against Announcement by the caller
  } catch {
    return null;
  }
}
