import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { type Client, connect } from '@vedette/client';
import { createApiToken } from '@vedette/protocol';
import { endProcess } from './end-process.ts';
import { eventually } from './eventually.ts';

const repository = join(import.meta.dirname, '../../..');

/** What the platform says on stdout once it listens (apps/server/src/main.ts). */
interface Ready {
  readonly url: string;
  readonly bootstrap?: { readonly login: string; readonly password: string };
}

/**
 * The platform as a process of its own, with an embedded PostgreSQL in a throw-away directory and on a free port of loopback.
 * Disposing it ends all of it and removes the directory. Its log is `platform.log` beside the data; it is shown when it does
 * not start.
 */
export class PlatformProcess implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'vedette-platform-'));
  readonly #environment: Readonly<Record<string, string>>;
  readonly #failure = new AbortController();
  #process: ChildProcess | null = null;
  /** Whether it is to end. */
  #isEnding = false;
  #url = '';
  #client: Client | null = null;

  private constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
    // PostgreSQL does not run as root: its user has to come through here.
    chmodSync(this.#directory, 0o755);
  }

  /** Variables as `apps/server --help` lists them; nothing is ever fetched. */
  static async start(environment: Readonly<Record<string, string>> = {}): Promise<PlatformProcess> {
    const platform = new PlatformProcess(environment);
    try {
      const { url, bootstrap } = await platform.#run('127.0.0.1:0');
      platform.#url = url;
      // Where another process on the same database was first, the password is one that the test has set.
      const known = { login: 'admin', password: environment['VEDETTE_BOOTSTRAP_PASSWORD'] ?? '' };
      platform.#client = await logIn(url, bootstrap ?? known);
      return platform;
    } catch (error) {
      await platform[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return this.#url;
  }

  /** The public API, as the first administrator. */
  get client(): Client {
    if (!this.#client) throw new Error('the platform has not started');
    return this.#client;
  }

  /** Of the running process; 0 while there is none. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Aborted with the reason when the process ends that nobody here has asked to. */
  get failure(): AbortSignal {
    return this.#failure.signal;
  }

  /** Where its PostgreSQL is: `postgres/socket` takes connections of anybody on this machine, the database is called `vedette`. */
  get dataDirectory(): string {
    return join(this.#directory, 'data');
  }

  get log(): string {
    return readFileSync(join(this.#directory, 'platform.log'), 'utf8');
  }

  /** SIGKILL, to this process alone: PostgreSQL and the agents live on. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, as supervisors send it. Returns the exit code; null when it had to be killed. */
  async stop(): Promise<number | null> {
    await this.#end('SIGTERM');
    return this.#process?.exitCode ?? null;
  }

  /** SIGKILL to the PostgreSQL of it; who supervises it starts it again. */
  killPostgres(): void {
    const file = join(this.dataDirectory, 'postgres/cluster/postmaster.pid');
    process.kill(Number(readFileSync(file, 'utf8').split('\n', 1)[0]), 'SIGKILL');
  }

  /** Starts again on the same data and the same port. */
  async restart(): Promise<void> {
    await this.#run(new URL(this.#url).host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
    await this.#endPostgres();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isEnding = true;
    await endProcess(this.#process, signal);
  }

  /** A killed platform leaves its PostgreSQL behind: at once (pg_ctl, immediate shutdown), since what it knows need not be kept. */
  async #endPostgres(): Promise<void> {
    const cluster = join(this.dataDirectory, 'postgres/cluster');
    const lockFile = join(cluster, 'postmaster.pid');
    if (!existsSync(lockFile)) return;
    const pid = readFileSync(lockFile, 'utf8').split('\n', 1)[0] ?? '';
    // Of one that was killed the number may be another's by now.
    const isRunning = (): boolean =>
      existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(cluster);
    if (!isRunning()) return;
    process.kill(Number(pid), 'SIGQUIT');
    await eventually('the end of PostgreSQL', 30_000, () => (isRunning() ? null : true));
  }

  async #run(listen: string): Promise<Ready> {
    const log = openSync(join(this.#directory, 'platform.log'), 'a');
    const child = spawn(process.execPath, [join(repository, 'apps/server/src/main.ts')], {
      stdio: ['ignore', 'pipe', log],
      env: {
        ...process.env,
        VEDETTE_OFFLINE: '1',
        VEDETTE_DATA_DIR: join(this.#directory, 'data'),
        ...this.#environment,
        VEDETTE_LISTEN: listen,
      },
    });
    closeSync(log);
    this.#process = child;
    this.#isEnding = false;
    child.once('exit', (code, signal) => {
      if (!this.#isEnding) this.#failure.abort(new Error(`the platform ended with ${signal ?? code}:\n${this.log.slice(-4000)}`));
    });
    const output = child.stdout ?? Readable.from([]); // a pipe, as asked for above
    for await (const line of createInterface({ input: output })) {
      output.resume();
      return JSON.parse(line) as Ready; // its only line, written by our own main.ts
    }
    throw new Error(`the platform did not start:\n${this.log.slice(-4000)}`);
  }
}

async function logIn(url: string, bootstrap: NonNullable<Ready['bootstrap']>): Promise<Client> {
  const response = await fetch(new URL('/api/v1/session', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(bootstrap),
  });
  await response.body?.cancel();
  const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]);
  const { secret } = await connect(url, { cookie: cookie.join('; ') }).call(createApiToken, { body: { name: 'test' } });
  return connect(url, { token: secret });
}
