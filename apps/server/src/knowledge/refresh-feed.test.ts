import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { type Feed, feeds, writeStarter } from '@vedette/feeds';
import type { Advisory, FeedState, Knowledge } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { FeedParser } from './feed-parser.ts';
import { httpGet } from './http-get.ts';
import { refreshFeed } from './refresh-feed.ts';
import { loadFeedState, loadInputs } from './stored-input.ts';

let database: ThrowAwayDatabase;
let server: TestServer;
let directory: string;
let source: Server;
let base: string;
/** What the source offers, by path; its ETag is the hash. */
let offered: Map<string, Buffer>;
let answers: string[];

beforeEach(async () => {
  database = await throwAwayDatabase();
  directory = mkdtempSync(join(tmpdir(), 'vedette-refresh-'));
  offered = new Map();
  answers = [];
  source = createServer((request, response) => {
    const body = offered.get(decodeURIComponent(request.url ?? '').slice(1));
    const etag = `"${body ? createHash('sha256').update(body).digest('hex') : ''}"`;
    const status = !body ? 404 : request.headers['if-none-match'] === etag ? 304 : 200;
    answers.push(`${status} ${request.url}`);
    response.writeHead(status, body ? { etag } : {}).end(status === 200 ? body : '');
  });
  await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(source.address() as AddressInfo).port}`;
  const starterFile = join(directory, 'starter.json.zst');
  const origin = {
    feed: 'debian-dsa',
    location: 'x',
    retrievedAt: '2026-11-01T00:00:00Z',
    sha256: 'a'.repeat(64),
    licence: 'MIT',
  };
  const starter = { madeAt: '2026-11-01T00:00:00Z', origins: [origin], advisories: [dsa], vulnerabilities: [] };
  writeFileSync(starterFile, zstdCompressSync(writeStarter(starter)));
  server = await testServer(database, { starterFile, dataDirectory: join(directory, 'data'), feedMirror: base });
  await server.keeper.start();
}, 60_000);
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  source.closeAllConnections();
  source.close();
  await database[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const dsa: Advisory = {
  id: 'DSA-1000-1',
  feed: 'debian-dsa',
  published: '2026-10-30',
  vulnerabilities: ['CVE-2024-1001'],
  affected: [{ ecosystem: 'debian', release: 'bookworm', package: 'bash', status: 'fixed', introduced: null, fixed: '2' }],
};

function kev(count: number): Buffer {
  const entry = (_: unknown, index: number) => ({ cveID: `CVE-2024-${1000 + index}`, dateAdded: '2024-05-02' });
  return Buffer.from(JSON.stringify({ count, vulnerabilities: Array.from({ length: count }, entry) }));
}
const kevName = 'known_exploited_vulnerabilities.json';

function osvRecord(id: string, fixed: string): Buffer {
  const events = [{ introduced: '0' }, { fixed }];
  const affected = [{ package: { ecosystem: 'Go', name: 'x/y' }, ranges: [{ type: 'SEMVER', events }] }];
  return Buffer.from(JSON.stringify({ id, modified: '2026-08-01T00:00:00Z', aliases: [`CVE-2026-${id.slice(-4)}`], affected }));
}

function zip(files: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [name, content] of files) {
    const packed = deflateRawSync(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(content.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    parts.push(local, Buffer.from(name), packed);
    central.push(entry, Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...central, end]);
}

async function knowledge(): Promise<Knowledge> {
  const { headers } = await testCaller(server);
  return (await server.app.inject({ url: '/api/v1/knowledge', headers })).json();
}

async function stateOf(name: string): Promise<FeedState | undefined> {
  return (await knowledge()).feeds.find(({ feed }) => feed === name);
}

describe('a refresh', () => {
  it('of what did not change costs nothing but the question, and says that it is current', async () => {
    offered.set(kevName, kev(1500));
    await server.keeper.refresh();
    const first = await knowledge();
    server.clock.now = new Date('2026-11-23T00:00:00Z');
    answers = [];
    await server.keeper.refresh();
    expect(answers).toContain(`304 /${kevName}`);
    expect((await knowledge()).version).toBe(first.version);
    expect(await stateOf('cisa-kev')).toMatchObject({
      retrievedAt: '2026-11-22T12:00:00.000Z',
      checkedAt: '2026-11-23T00:00:00.000Z',
      stale: false,
      problem: null,
    });
  });

  it('fetches whole what lies no more where it was kept', async () => {
    offered.set(kevName, kev(1500));
    await server.keeper.refresh();
    rmSync(join(directory, 'data/feeds'), { recursive: true });
    answers = [];
    await server.keeper.refresh();
    expect(answers).toContain(`200 /${kevName}`);
  });

  it('reads facts again when an advisory names more vulnerabilities, although they did not change', async () => {
    offered.set(kevName, kev(1500));
    await server.keeper.refresh();
    const list = Array.from({ length: 5600 }, (_, index) => {
      const number = 5600 - index;
      return `[01 May 2024] DSA-${number}-1 openssl - security update\n\t{CVE-2024-${1000 + number}}\n\t[bookworm] - openssl 1.${number}\n`;
    });
    offered.set('DSA.list', Buffer.from(list.join('')));
    answers = [];
    await server.keeper.refresh();
    expect(answers).toContain(`304 /${kevName}`);
    const [facts] = await loadInputs(database.db, ['cisa-kev']);
    expect(facts?.vulnerabilities.length).toBeGreaterThan(1000);
  });

  it('says so when nobody could look after a feed for a week', async () => {
    offered.set(kevName, kev(1500));
    await server.keeper.refresh();
    server.clock.now = new Date('2026-11-30T00:00:00Z');
    offered.clear();
    await server.keeper.refresh();
    expect(await stateOf('cisa-kev')).toMatchObject({ stale: true, records: 1500, problem: expect.stringContaining('404') });
  });
});

describe('a feed that is', () => {
  it.each([
    ['poisoned', kevName, Buffer.from('{"count":1,"vulnerabilities":[{"__proto__":1}]}'), 'cisa-kev'],
    ['cut', kevName, kev(1500).subarray(0, 9000), 'cisa-kev'],
    ['a gzip bomb', 'epss_scores.csv.gz', gzipSync(Buffer.alloc(130 * 1024 * 1024)), 'epss'],
  ])('%s leaves what was known, is asked for whole the next time, and well again when it is well', async (...args) => {
    const [, name, bytes, feed] = args;
    offered.set(kevName, kev(1400));
    await server.keeper.refresh();
    offered.set(name, bytes);
    await server.keeper.refresh();
    expect((await stateOf(feed))?.problem).not.toBeNull();
    expect(await knowledge()).toMatchObject({ checks: 1 });
    expect((await loadInputs(database.db, ['cisa-kev']))[0]?.vulnerabilities).toHaveLength(1);
    answers = [];
    offered.set(kevName, kev(1500));
    await server.keeper.refresh();
    expect(answers).toContain(`200 /${name}`);
    expect(await stateOf('cisa-kev')).toMatchObject({ records: 1500, problem: null });
  });

  const feed = feeds.find(({ name }) => name === 'osv-go') as Feed; // the registry holds it
  it('a zip bomb is refused', async () => {
    await database.db
      .insertInto('packageVersion')
      .values({ ...aPackage, ecosystem: 'go' })
      .execute();
    offered.set('osv-go.zip', zip([['GO-2026-1.json', Buffer.alloc(feed.maxBytes + 1)]]));
    await server.keeper.refresh();
    expect((await stateOf('osv-go'))?.problem).toContain('larger');
  });
});

const aPackage = {
  release: '',
  role: 'installed',
  name: 'x/y',
  version: '1.0.0',
  architecture: '',
  source: '',
  sourceVersion: '',
  state: 'installed',
  versionKey: null,
  rowHash: Buffer.alloc(32),
} as const;

describe('a feed on demand', () => {
  it('is fetched only when the fleet has a package of its ecosystem', async () => {
    await server.keeper.refresh();
    expect(answers.filter((answer) => answer.includes('osv-'))).toEqual([]);
    await database.db
      .insertInto('packageVersion')
      .values({ ...aPackage, ecosystem: 'go' })
      .execute();
    await server.keeper.refresh();
    expect(answers.filter((answer) => answer.includes('osv-'))).toEqual(['404 /osv-go.zip']);
  });
});

describe('a feed with a list of changes', () => {
  const real = feeds.find(({ name }) => name === 'osv-go') as Feed; // the registry holds it

  /** The real one, at addresses of the test's source. */
  function osvGo(): Feed {
    const { changes } = real;
    if (!changes) throw new Error('osv-go has a list of changes');
    const local = (url: string): string => `${base}/${decodeURIComponent(url.slice(url.lastIndexOf('/') + 1))}`;
    return {
      ...real,
      files: [{ pattern: 'osv-go.zip', url: `${base}/all.zip` }],
      changes: {
        ...changes,
        list: { pattern: 'modified_id.csv', url: `${base}/modified_id.csv` },
        read: (...given) =>
          changes.read(...given).map((one) => ({ ...one, source: { ...one.source, url: local(one.source.url) } })),
      },
    };
  }

  async function refresh(): Promise<string> {
    const dispatcher = new Agent();
    await using parser = new FeedParser();
    const { signal } = new AbortController();
    const surroundings = { get: httpGet(dispatcher, signal), now: () => 0, pause: async () => {}, random: () => 0 };
    const { db } = database;
    const from = {
      db,
      directory: join(directory, 'data/feeds'),
      mirror: null,
      at: server.clock.now,
      releases: null,
      surroundings,
    };
    answers = [];
    try {
      return await refreshFeed(osvGo(), { context: server.context, parser, cves: new Set(), signal, from, read: new Map() });
    } finally {
      await dispatcher.destroy();
    }
  }

  const names = Array.from({ length: 4200 }, (_, index) => `GO-2026-${String(index + 1).padStart(4, '0')}`);
  const listOf = (...lines: string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const fixedIn = async (id: string): Promise<string | null | undefined> => {
    const [input] = await loadInputs(database.db, ['osv-go']);
    return input?.advisories.find((advisory) => advisory.id === id)?.affected[0]?.fixed;
  };

  it('is fetched whole once, then only what changed', async () => {
    offered.set('all.zip', zip(names.map((name) => [`${name}.json`, osvRecord(name, '1.0.0')])));
    offered.set('modified_id.csv', listOf('2026-08-01T00:00:00Z,GO-2026-0001'));
    expect(await refresh()).toBe('changed');
    expect(answers).toEqual(['200 /modified_id.csv', '200 /all.zip']);
    // The archive may lag behind the list by a day.
    offered.set('GO-2026-0001.json', osvRecord('GO-2026-0001', '1.0.1'));
    expect(await refresh()).toBe('changed');
    expect(answers).toEqual(['200 /modified_id.csv', '200 /GO-2026-0001.json']);
    expect(await refresh()).toBe('unchanged');
    expect(answers).toEqual(['304 /modified_id.csv']);

    offered.set('modified_id.csv', listOf('2026-08-02T00:00:00Z,GO-2026-0002', '2026-08-01T00:00:00Z,GO-2026-0001'));
    offered.set('GO-2026-0002.json', osvRecord('GO-2026-0002', '2.0.0'));
    expect(await refresh()).toBe('changed');
    expect(answers).toEqual(['200 /modified_id.csv', '200 /GO-2026-0002.json']);
    expect([await fixedIn('GO-2026-0001'), await fixedIn('GO-2026-0002')]).toEqual(['1.0.1', '2.0.0']);
    expect(await loadFeedState(database.db, 'osv-go')).toMatchObject({ records: 4200, changesUntil: '2026-08-02T00:00:00Z' });
    expect(await refresh()).toBe('unchanged');

    // A record that is gone: the list is not to be relied on.
    offered.set('modified_id.csv', listOf('2026-08-03T00:00:00Z,GO-2026-9999', '2026-08-02T00:00:00Z,GO-2026-0002'));
    offered.set('all.zip', zip(names.map((name) => [`${name}.json`, osvRecord(name, '3.0.0')])));
    expect(await refresh()).toBe('changed');
    expect(answers).toEqual(['200 /modified_id.csv', '404 /GO-2026-9999.json', '200 /all.zip']);
    expect(await fixedIn('GO-2026-0002')).toBe('3.0.0');

    // A changed record that is none leaves what was known, until everything is read again.
    offered.set('modified_id.csv', listOf('2026-08-04T00:00:00Z,GO-2026-0002'));
    offered.set('GO-2026-0002.json', Buffer.from('<html>'));
    await expect(refresh()).rejects.toMatchObject({ message: expect.stringContaining('GO-2026-0002.json') });
    expect(await fixedIn('GO-2026-0002')).toBe('3.0.0');
    server.clock.now = new Date('2026-12-01T00:00:00Z');
    expect(await refresh()).toBe('unchanged');
    expect(answers).toEqual(['200 /modified_id.csv', '304 /all.zip']);
  }, 60_000);
});

describe('POST /knowledge/feeds/:feed/accept', () => {
  async function accept(feed: string, role: 'manager' | 'reader' = 'manager'): Promise<{ status: number; body: Knowledge }> {
    const { headers } = await testCaller(server, { role });
    const reply = await server.app.inject({ method: 'POST', url: `/api/v1/knowledge/feeds/${feed}/accept`, headers });
    return { status: reply.statusCode, body: reply.json() };
  }

  it('takes over a feed that really shrank, once', async () => {
    offered.set(kevName, kev(1500));
    await server.keeper.refresh();
    offered.set(kevName, kev(1100));
    await server.keeper.refresh();
    const refused = await stateOf('cisa-kev');
    expect(refused).toMatchObject({ records: 1500, refusedRecords: 1100, problem: expect.stringContaining('knowledge accept') });
    expect((await accept('cisa-kev', 'reader')).status).toBe(403);
    expect((await accept('cisa-kev')).status).toBe(200);
    expect(await stateOf('cisa-kev')).toMatchObject({ records: 1100, refusedRecords: null, problem: null });
    // What was accepted says nothing about the next time.
    offered.set(kevName, kev(1001));
    await server.keeper.refresh();
    expect(await stateOf('cisa-kev')).toMatchObject({ records: 1100, refusedRecords: 1001 });
  });

  it('does not take over what shrank further meanwhile', async () => {
    offered.set(kevName, kev(1500));
    await server.keeper.refresh();
    offered.set(kevName, kev(1300));
    await server.keeper.refresh();
    offered.set(kevName, kev(1050));
    expect((await accept('cisa-kev')).status).toBe(503);
    expect(await stateOf('cisa-kev')).toMatchObject({ records: 1500, refusedRecords: 1050 });
  });

  it.each([
    ['is not known', 'nonsense', 404],
    ['was not refused', 'debian-dsa', 409],
  ])('of a feed that %s is refused', async (_, feed, status) => {
    expect((await accept(feed)).status).toBe(status);
  });
});
