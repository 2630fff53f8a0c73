import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { postgresAccount, reachableFor } from './account.ts';
import { packagedBinaries } from './binaries.ts';
import { errorFromOutput } from './embedded-postgres-error.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './start-embedded-postgres.ts';

const isRoot = process.getuid?.() === 0;
let base: string;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'vedette-embedded-'));
  chmodSync(base, 0o755);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function start(name: string, more: { binaries?: string; fallbackDirectory?: string } = {}): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDirectory: join(base, name), log: () => undefined, ...more });
}

async function query(db: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new Client(db.connection);
  // A postmaster killed under an idle connection is what some tests are about.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('startEmbeddedPostgres', { timeout: 60_000 }, () => {
  it('creates a UTF-8 database with checksums that no network address reaches, and finds it again', async () => {
    {
      await using db = await start('twice');
      expect(await query(db, 'create table kept as select 42 as n')).toEqual([]);
      const shown =
        "current_setting('listen_addresses') as listen, current_setting('data_checksums') as sums, current_setting('fsync') as sync";
      expect(await query(db, `select ${shown}, upper('ä') as upper`)).toEqual([
        { listen: '', sums: 'on', sync: 'on', upper: 'Ä' },
      ]);
    }
    await using again = await start('twice');
    expect(await query(again, 'select n from kept')).toEqual([{ n: 42 }]);
  });

  it('refuses a second server on the same data and names the first', async () => {
    await using _first = await start('twice');
    await expect(start('twice')).rejects.toMatchObject({
      code: 'IN_USE',
      message: expect.stringContaining(`pid ${process.pid}`),
    });
  });

  it('lets exactly one of two servers that start at once have an empty directory', async () => {
    const both = await Promise.allSettled([start('race'), start('race')]);
    const winners = both.filter((result) => result.status === 'fulfilled');
    for (const { value } of winners) await value[Symbol.asyncDispose]();
    expect(winners).toHaveLength(1);
    expect(both.find((result) => result.status === 'rejected')?.reason).toMatchObject({ code: 'IN_USE' });
  });

  it('adopts the postmaster of a server that was killed', async () => {
    const module = join(import.meta.dirname, 'start-embedded-postgres.ts');
    const script = `const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
      const db = await startEmbeddedPostgres({ dataDirectory: ${JSON.stringify(join(base, 'twice'))}, log: () => {} });
      process.stdout.write(String(db.postmasterPid()));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [data] = await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using db = await start('twice');
    expect(db.postmasterPid()).toBe(Number(data));
  });

  it('loses nothing acknowledged when the postmaster is killed, and starts it again by itself', async () => {
    await using db = await start('twice');
    await query(db, 'create table acknowledged as select 1 as n');
    const before = db.postmasterPid();
    process.kill(before, 'SIGKILL');
    await expect.poll(() => query(db, 'select n from acknowledged').catch(() => null), { timeout: 30_000 }).toEqual([{ n: 1 }]);
    await expect.poll(() => db.postmasterPid()).not.toBe(before);
  });

  it('starts although the number in postmaster.pid belongs to another process by now', async () => {
    const stale = join(base, 'twice/cluster/postmaster.pid');
    writeFileSync(stale, `${process.pid}\n${join(base, 'twice/cluster')}\n0\n5432\n\n\n`);
    await using db = await start('twice');
    expect(db.postmasterPid()).not.toBe(process.pid);
  });

  it('removes what an initdb left that was killed half way', async () => {
    mkdirSync(join(base, 'half/cluster.half-999999999-x'), { recursive: true });
    await using db = await start('half');
    expect(readdirSync(db.directory)).not.toContain('cluster.half-999999999-x');
  });

  it('makes the symbolic links of the package when its install script did not run', async () => {
    const binaries = join(base, 'package');
    cpSync(packagedBinaries(), binaries, { recursive: true, verbatimSymlinks: true });
    const link = join(binaries, 'native/lib/libicui18n.so.60');
    rmSync(link);
    await using _db = await start('links', { binaries });
    expect(existsSync(link)).toBe(true);
  });

  it('keeps its socket elsewhere when the path of the data is too long for one', async () => {
    await using db = await start(`${'long-name/'.repeat(12)}end`);
    expect(await query(db, 'select 1 as n')).toEqual([{ n: 1 }]);
    rmSync(db.connection.host, { recursive: true });
  });

  it.runIf(isRoot)('goes where its user can go when the data and the binaries lie in a private home', async () => {
    const home = join(base, 'home');
    cpSync(packagedBinaries(), join(home, 'package'), { recursive: true, verbatimSymlinks: true });
    chmodSync(home, 0o700);
    const fallbackDirectory = join(base, 'system');
    await using db = await start('home/data', { binaries: join(home, 'package'), fallbackDirectory });
    expect(dirname(db.directory)).toBe(fallbackDirectory);
    expect(await query(db, 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  it('names a data directory that another version wrote', async () => {
    const other = join(base, 'other');
    {
      await using _db = await start('other');
    }
    writeFileSync(join(other, 'cluster/PG_VERSION'), '12\n');
    await expect(start('other')).rejects.toMatchObject({ code: 'WRONG_VERSION' });
  });

  it('says why it does not start, and not how it ended before', async () => {
    {
      await using _db = await start('open to all');
    }
    chmodSync(join(base, 'open to all/cluster'), 0o755);
    await expect(start('open to all')).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringMatching(/^(?!.*shut down).*invalid permissions/s),
    });
  });

  it('leaves its log where the remedy says', () => {
    expect(readFileSync(join(base, 'twice/start.log'), 'utf8')).toContain('log');
    expect(readdirSync(join(base, 'twice/log')).length).toBeGreaterThan(0);
  });
});

describe('errorFromOutput', () => {
  it.each([
    ['initdb: error: could not create directory "/x": No space left on device', 'NO_SPACE'],
    ['could not look up effective user ID 4242: user does not exist', 'NO_PERMISSION'],
    ['FATAL:  could not open file: Permission denied', 'NO_PERMISSION'],
    ['FATAL:  something else', 'START_FAILED'],
  ])('%s is %s', (output, code) => {
    expect(errorFromOutput('Starting', output).code).toBe(code);
  });
});

describe('postgresAccount and reachableFor', () => {
  it.runIf(isRoot)('takes nobody where there is no postgres', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n';
    expect(postgresAccount(passwd)).toEqual({ uid: 65534, gid: 65533, change: true });
  });

  it.runIf(isRoot)('refuses root where there is neither', () => {
    expect(() => postgresAccount('root:x:0:0::/root:/bin/sh\n')).toThrow('cannot run as root');
  });

  it.each([
    [0o700, false],
    [0o711, true],
    [0o755, true],
  ])('judges a foreign directory with mode %o', (mode, expected) => {
    const directory = join(base, `mode-${mode}`);
    mkdirSync(directory);
    chmodSync(directory, mode);
    onTestFinished(() => rmSync(directory, { recursive: true }));
    expect(reachableFor({ uid: 54321, gid: 54321, change: true }, join(directory, 'below'))).toBe(expected);
  });
});
