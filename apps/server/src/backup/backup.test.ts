import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { FactRow } from '@vedette/protocol';
import { syncDocument, TestReleases, type ThrowAwayDatabase, throwAwayDatabase } from '@vedette/testkit';
import { Pool, type PoolConfig } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import type { TestCaller } from '../testing/people-world.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, type TestServer, testServer } from '../testing/test-server.ts';
import { answersTo, debianPackage, detectionPaths, reporter, toldFleet, waitDays } from '../testing/told-server.ts';
import { backUp } from './back-up.ts';
import { FrameWriter } from './frames.ts';
import { restore } from './restore.ts';

const report = reporter(syncDocument);

const stack = new AsyncDisposableStack();
let database: ThrowAwayDatabase;
let server: TestServer;
let caller: TestCaller;
let directory: string;
let file: string;
let releases: TestReleases;
let agents: TestAgent[] = [];
/** Nothing is sealed yet. */
const keys = readConfig({ VEDETTE_DATA_DIR: '/nowhere' });
const keysIn = (name: string) => readConfig({ VEDETTE_DATA_DIR: join(directory, name) });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-backup-'));
  stack.defer(() => rmSync(directory, { recursive: true }));
  file = join(directory, 'platform.backup');
  database = stack.use(await throwAwayDatabase());
  server = stack.use(await testServer(database));
  ({ caller, agents } = await toldFleet(server, syncDocument, () => ({ os: machine().os })));
  waitDays(server, 1);
  await report(
    agents[1],
    2,
    machine(debianPackage('curl', '2.0-1'), debianPackage('bash', '1.0-1'), debianPackage('back\\slash\\t "quoted" 😀', '1')),
  );
  releases = stack.use(await TestReleases.create());
  await releases.releaseProgram(Buffer.from('a program'), { product: 'agent', version: '1.0.0' });
  writeFileSync(join(releases.directory, 'private-notes'), 'not handed out');
  await backUp({ pool: server.context.pool, releases: releases.directory, keys }, file);
}, 60_000);
afterAll(() => stack.disposeAsync());

const os = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian GNU/Linux 12' };

function machine(...packages: FactRow[]) {
  return { os: [{ ...os, hostname: 'web', architecture: 'amd64' }], dpkg: packages };
}

/** Everything that is derived, now and at each day of the past. */
function answers(from: TestServer): Promise<unknown> {
  const paths = ['/dashboard', '/assets', '/checks', '/knowledge', '/activation-keys', ...detectionPaths(server, 8)];
  const assetPaths = agents.flatMap(({ assetId }) => [`/assets/${assetId}`, `/assets/${assetId}/facts/dpkg`]);
  return answersTo(from, caller.headers, [...paths, ...assetPaths]);
}

async function restored(name: string): Promise<{ server: TestServer; dispose: () => Promise<void> }> {
  const own = new AsyncDisposableStack();
  const empty = own.use(await throwAwayDatabase({ empty: true }));
  const { db, pool, close } = openDatabase(empty.connection);
  own.defer(close);
  await restore({ db, pool, releases: join(directory, randomUUID()), keys: keysIn(randomUUID()) }, name);
  const other = own.use(await testServer(empty));
  other.clock.now = server.clock.now;
  return { server: other, dispose: () => own.disposeAsync() };
}

describe('a backup', () => {
  it('restored into an empty database gives every answer as before, at every moment', async () => {
    const { server: other, dispose } = await restored(file);
    stack.defer(dispose);
    expect(await answers(other)).toEqual(await answers(server));
  });

  it('brings the releases back as they were handed out, and nothing else', async () => {
    await using empty = await throwAwayDatabase({ empty: true });
    const { db, pool, close } = openDatabase(empty.connection);
    const to = join(directory, 'restored-releases');
    const { files } = await restore({ db, pool, releases: to, keys }, file);
    await close();
    const below = (from: string): string[] =>
      readdirSync(from, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(from, join(entry.parentPath, entry.name)))
        .toSorted();
    const paths = below(to);
    expect([files, paths]).toEqual([paths.length, below(releases.directory).filter((path) => path.includes('/'))]);
    for (const path of paths)
      expect(readFileSync(join(to, path)).equals(readFileSync(join(releases.directory, path)))).toBe(true);
  });

  it('restored, the platform goes on: the same agents report, new assets come, numbers do not repeat', async () => {
    const { server: other, dispose } = await restored(file);
    stack.defer(dispose);
    const [known] = agents;
    // The agent's key is in the backup; it reports to the restored platform as if nothing had been.
    const moved = Object.assign(new TestAgent(other), { key: known?.key, agentId: known?.agentId, assetId: known?.assetId });
    await report(moved, 4, machine(debianPackage('openssl', '2.0-1')));
    const fresh = new TestAgent(other);
    expect((await fresh.enroll(await testActivationKey(other, caller.organizationId), {}, { machineId: 'x' })).status).toBe(200);
    await report(fresh, 1, machine(debianPackage('openssl', '1.0-1'), debianPackage('zlib', '9')));
    const reply = await other.app.inject({ url: '/api/v1/detections?status=fixed', headers: caller.headers });
    expect(reply.json<{ items: { assetId: string; name: string }[] }>().items).toContainEqual(
      expect.objectContaining({ assetId: known?.assetId, name: 'CVE-2026-1000' }),
    );
  });

  it('is whole also where PostgreSQL says late how many rows a table had', async () => {
    await using late = await lateEnds(database.connection);
    const pool = new Pool({ ...database.connection, host: '127.0.0.1', port: late.port });
    const whole = join(directory, 'late.backup');
    const { rows } = await backUp({ pool, releases: releases.directory, keys }, whole);
    await pool.end();
    const { server: other, dispose } = await restored(whole);
    stack.defer(dispose);
    expect(await answers(other)).toEqual(await answers(server));
    expect(rows).toBeGreaterThan(0);
  });

  it('that says of no table how many rows it had is restored, since its hash says that it is whole', async () => {
    const uncounted = join(directory, 'uncounted.backup');
    writeFileSync(uncounted, zstdCompressSync(withoutCounts(zstdDecompressSync(readFileSync(file)))));
    const { server: other, dispose } = await restored(uncounted);
    stack.defer(dispose);
    expect(await answers(other)).toEqual(await answers(server));
  });

  it('is readable by its owner alone, and appears only when it is whole', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('to a place that cannot be written says so and leaves nothing', async () => {
    await expect(
      backUp({ pool: server.context.pool, releases: releases.directory, keys }, join(directory, 'missing/x')),
    ).rejects.toMatchObject({ code: 'FILE' });
  });
});

/**
 * PostgreSQL behind a line on which what follows the end of a COPY arrives only after the client has read that end, as it may where the two
 * lie in different packets.
 */
async function lateEnds({ host, port = 5432 }: PoolConfig): Promise<AsyncDisposable & { readonly port: number }> {
  const proxy = createServer({ noDelay: true }, (client) => {
    const postgres = connect(`${host}/.s.PGSQL.${port}`);
    client.pipe(postgres);
    const forward = async (): Promise<void> => {
      for await (const message of messagesOf(postgres)) {
        client.write(message);
        // CopyDone (PostgreSQL 18, 54.7). The client reads it in the next turns, in this very process.
        if (message[0] === 'c'.charCodeAt(0)) for (let turn = 0; turn < 500; turn += 1) await nextTurn();
      }
      client.end();
    };
    forward().catch(() => client.destroy());
    client.on('error', () => postgres.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port: own } = proxy.address() as AddressInfo; // it listens
  return { port: own, [Symbol.asyncDispose]: async () => void (await once(proxy.close(), 'close')) };
}

/** Each with its type and length in front. */
async function* messagesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
      const length = 1 + rest.readUInt32BE(1);
      yield rest.subarray(0, length);
      rest = rest.subarray(length);
    }
  }
}

/** The frames of a backup, of which those that end a table say nothing of rows; with a hash of its own. */
function withoutCounts(bytes: Buffer): Buffer {
  const writer = new FrameWriter();
  const frames: Buffer[] = [];
  let isOfTable = false;
  for (let at = 0; at < bytes.length;) {
    const kind = bytes.toString('latin1', at, at + 1) as 'H' | 'T' | 'F' | 'D' | 'E' | 'Z'; // as it was written
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (kind === 'T' || kind === 'F') isOfTable = kind === 'T';
    if (kind === 'Z') frames.push(writer.end());
    else if (kind === 'E' && isOfTable) frames.push(writer.json('E', { rows: 0 }));
    else frames.push(writer.data(kind, bytes.subarray(at + 5, end)));
    at = end;
  }
  return Buffer.concat(frames);
}

describe('a backup that is not whole leaves the database empty:', () => {
  const plain = (): Buffer => zstdDecompressSync(readFileSync(file));
  const changes: [string, string, () => Buffer][] = [
    ['cut in its compression', 'DAMAGED', () => readFileSync(file).subarray(0, -20)],
    ['cut at a frame', 'DAMAGED', () => zstdCompressSync(plain().subarray(0, plain().lastIndexOf('Z')))],
    ['with one byte of a row changed', 'DAMAGED', () => zstdCompressSync(replaced(plain(), 'web-1', 'web-9'))],
    ['with something behind its end', 'DAMAGED', () => zstdCompressSync(Buffer.concat([plain(), Buffer.from('D')]))],
    ['that is none', 'DAMAGED', () => Buffer.from('hello')],
    ['of nothing', 'DAMAGED', () => Buffer.alloc(0)],
    ['of a newer release', 'NEWER', () => zstdCompressSync(header({ migrations: ['999-from-the-future'] }))],
    ['whose format is another', 'DAMAGED', () => zstdCompressSync(header({ format: 2 }))],
    ['with a file that leads elsewhere', 'DAMAGED', () => zstdCompressSync(replaced(plain(), 'tuf/1.root', '../../root'))],
    ['with a table that would end the statement', 'DAMAGED', () => zstdCompressSync(hostileTable())],
  ];
  it.each(changes)('%s (%s)', async (_what, code, bytes) => {
    const bad = join(directory, 'bad.backup');
    writeFileSync(bad, bytes());
    await using empty = await throwAwayDatabase({ empty: true });
    const { db, pool, close } = openDatabase(empty.connection);
    try {
      const restoredReleases = join(directory, 'bad-releases');
      await expect(restore({ db, pool, releases: restoredReleases, keys }, bad)).rejects.toMatchObject({
        name: 'BackupError',
        code,
      });
      const { rows } = await pool.query(`select relname from pg_class where relnamespace = 'public'::regnamespace`);
      expect(rows).toEqual([]);
      expect(readdirSync(directory).filter((name) => name.startsWith('bad-releases'))).toEqual([]);
    } finally {
      await close();
    }
  });

  it('and nothing is restored over what is there', async () => {
    const { db, pool } = server.context;
    const there = releases.directory;
    await expect(restore({ db, pool, releases: there, keys }, file)).rejects.toMatchObject({ code: 'NOT_EMPTY' });
    await expect(restore({ db, pool, releases: there, keys }, join(directory, 'none'))).rejects.toMatchObject({ code: 'FILE' });
    await using empty = await throwAwayDatabase({ empty: true });
    const other = openDatabase(empty.connection);
    await expect(restore({ ...other, releases: there, keys }, file)).rejects.toMatchObject({ code: 'NOT_EMPTY' });
    await other.close();
    expect(readdirSync(there)).toContain('private-notes');
  });

  function header(change: object): Buffer {
    const whole = { format: 1, product: 'x', madeAt: '2026-11-22T00:00:00Z', migrations: ['001-first'], ...change };
    const writer = new FrameWriter();
    return Buffer.concat([writer.json('H', whole), writer.end()]);
  }

  function hostileTable(): Buffer {
    const writer = new FrameWriter();
    const head = { format: 1, product: 'x', madeAt: '2026-11-22T00:00:00Z', migrations: ['001-first'] };
    const table = { name: 'organization', columns: ['id) from stdin; drop table asset; --'], partitions: [] };
    return Buffer.concat([writer.json('H', head), writer.json('T', table), writer.json('E', { rows: 0 }), writer.end()]);
  }

  function replaced(bytes: Buffer, from: string, to: string): Buffer {
    const at = bytes.indexOf(from);
    expect(at).toBeGreaterThan(0);
    bytes.write(to, at);
    return bytes;
  }
});
