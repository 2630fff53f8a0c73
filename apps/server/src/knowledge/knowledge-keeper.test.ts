import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { feeds, writeStarter } from '@vedette/feeds';
import type { Advisory, Knowledge } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { importKnowledge } from './import-knowledge.ts';
import { loadLifecycles } from './stored-input.ts';

let database: ThrowAwayDatabase;
let directory: string;
const servers: TestServer[] = [];

beforeEach(async () => {
  database = await throwAwayDatabase();
  directory = mkdtempSync(join(tmpdir(), 'vedette-feeds-'));
  writeStarterOf(advisory(1));
}, 60_000);
afterEach(async () => {
  for (const one of servers.splice(0)) await one[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

function advisory(number: number): Advisory {
  const affected = { ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'fixed', introduced: null } as const;
  const names = { id: `DSA-${number}-1`, vulnerabilities: [`CVE-2024-${1000 + number}`] };
  return { ...names, feed: 'debian-dsa', published: '2024-05-01', affected: [{ ...affected, fixed: `1.${number}` }] };
}

function writeStarterOf(...advisories: Advisory[]): void {
  const origin = {
    feed: 'debian-dsa',
    location: 'list',
    retrievedAt: '2024-06-01T00:00:00Z',
    sha256: 'a'.repeat(64),
    licence: 'MIT',
  };
  const text = writeStarter({ madeAt: '2024-06-01T00:00:00Z', origins: [origin], advisories, vulnerabilities: [] });
  writeFileSync(join(directory, 'starter.json.zst'), zstdCompressSync(text));
}

/** As many entries as a real list has at least, in its format. */
function dsaList(count = 5600): string {
  const entries = Array.from({ length: count }, (_, index) => {
    const number = count - index;
    const cve = `CVE-2024-${1000 + number}`;
    return `[01 May 2024] DSA-${number}-1 openssl - security update\n\t{${cve}}\n\t[bookworm] - openssl 1.${number}\n`;
  });
  return entries.join('');
}

function kev(count = 1500): string {
  const vulnerabilities = Array.from({ length: count }, (_, index) => ({
    cveID: `CVE-2024-${1000 + index}`,
    dateAdded: '2024-05-02',
  }));
  return JSON.stringify({ count, vulnerabilities });
}

async function start(change: Partial<Config> = {}): Promise<TestServer> {
  const own = { starterFile: join(directory, 'starter.json.zst'), dataDirectory: join(directory, 'data') };
  // One of several leads: those of before have to go first, as at a new start.
  for (const one of servers) await one.keeper[Symbol.asyncDispose]();
  const server = await testServer(database, { ...own, ...change });
  servers.push(server);
  await server.keeper.start();
  return server;
}

async function knowledgeOf(server: TestServer): Promise<Knowledge> {
  const { headers } = await testCaller(server);
  return (await server.app.inject({ url: '/api/v1/knowledge', headers })).json();
}

function problemOf(knowledge: Knowledge, name: string): string | null | undefined {
  return knowledge.feeds.find(({ feed }) => feed === name)?.problem;
}

describe('the starter', () => {
  it('is imported once, and not again at the next start', async () => {
    expect(await knowledgeOf(await start())).toMatchObject({
      version: 1,
      checks: 1,
      starter: true,
      stale: true,
      date: '2024-05-01',
    });
    const again = await start();
    expect(await knowledgeOf(again)).toMatchObject({ version: 1, checks: 1 });
    writeStarterOf(advisory(1), advisory(2));
    expect(await knowledgeOf(await start())).toMatchObject({ version: 2, checks: 2 });
  });

  it('that is damaged is noted, and the knowledge of before stays in use', async () => {
    await start();
    writeFileSync(join(directory, 'starter.json.zst'), zstdCompressSync('{"format":'));
    const knowledge = await knowledgeOf(await start());
    expect(knowledge).toMatchObject({ version: 1, checks: 1 });
    expect(problemOf(knowledge, 'starter')).toContain('no complete JSON');
  });
});

describe('a feed directory', () => {
  it('brings how long releases are looked after', async () => {
    writeFileSync(join(directory, 'endoflife-debian.json'), '[{"cycle":"12","eol":"2026-06-10"}]');
    await start({ feedDirectory: directory });
    expect(await loadLifecycles(database.db)).toMatchObject([
      { ecosystem: 'debian', release: 'bookworm', securitySupportEnds: '2026-06-10' },
    ]);
  });

  it('that lies there as it did is not read again; one that was touched is, and one that says something new is imported', async () => {
    const list = join(directory, 'DSA.list');
    writeFileSync(list, dsaList());
    const server = await start({ feedDirectory: directory });
    const isReadBy = async (refresh: () => Promise<unknown>): Promise<boolean> => {
      await database.db.updateTable('feedState').set({ location: 'marked' }).where('feed', '=', 'debian-dsa').execute();
      await refresh();
      const state = await database.db
        .selectFrom('feedState')
        .select('location')
        .where('feed', '=', 'debian-dsa')
        .executeTakeFirst();
      return state?.location !== 'marked';
    };
    expect(await isReadBy(() => server.keeper.refresh())).toBe(false);

    writeFileSync(list, dsaList());
    expect(await isReadBy(() => server.keeper.refresh())).toBe(true);
    expect(await knowledgeOf(server)).toMatchObject({ version: 2, checks: 5600 });

    writeFileSync(list, dsaList(5601));
    await server.keeper.refresh();
    expect(await knowledgeOf(server)).toMatchObject({ version: 3, checks: 5601 });
  }, 60_000);

  it('replaces the starter’s word of a feed: what was withdrawn is gone', async () => {
    writeStarterOf(advisory(1), advisory(9999));
    await start();
    writeFileSync(join(directory, 'DSA.list'), dsaList());
    const knowledge = await knowledgeOf(await start({ feedDirectory: directory }));
    expect(knowledge).toMatchObject({ version: 2, checks: 5600, starter: false });
    expect(problemOf(knowledge, 'debian-dsa')).toBeNull();
  }, 60_000);

  const list = Buffer.from(dsaList());
  const damaged: [string, string, Buffer, RegExp][] = [
    ['cut in an entry', 'DSA.list', list.subarray(0, -9), /ends in the middle|not understood/],
    ['shrunken', 'DSA.list', Buffer.from(dsaList(50)), /50 records/],
    ['holding NUL', 'DSA.list', Buffer.concat([Buffer.from('\0'), list]), /NUL/],
    ['a page of a captive portal', 'DSA.list', Buffer.from('<html>log in</html>\n'.repeat(9)), /not/],
    ['cut in its compression', 'DSA.list.zst', zstdCompressSync(list).subarray(0, -9), /cut or damaged/],
    ['cut in gzip', 'DSA.list.gz', gzipSync(list).subarray(0, -9), /cut or damaged/],
    ['corrupt in its compression', 'epss_scores-current.csv.gz', corrupt(gzipSync(list)), /cut or damaged/],
    ['a decompression bomb', 'DSA.list.zst', zstdCompressSync(Buffer.alloc(65 * 1024 * 1024)), /unpacks to more/],
    ['oversized', 'DSA.list', Buffer.alloc(64 * 1024 * 1024 + 1), /bytes/],
  ];
  it.each(damaged)(
    'with a list %s keeps the knowledge of before and says why; a good feed beside it is taken',
    async (...args) => {
      const [, name, bytes, reason] = args;
      await start();
      writeFileSync(join(directory, name), bytes);
      writeFileSync(join(directory, 'known_exploited_vulnerabilities.json'), kev());
      const knowledge = await knowledgeOf(await start({ feedDirectory: directory }));
      expect(problemOf(knowledge, name.startsWith('DSA') ? 'debian-dsa' : 'epss')).toMatch(reason);
      expect(problemOf(knowledge, 'cisa-kev')).toBeNull();
      // The exploited vulnerability of the one check changed it; the check itself stayed.
      expect(knowledge).toMatchObject({ version: 2, checks: 1 });
    },
  );

  it('with nothing but damaged feeds makes no new version', async () => {
    await start();
    writeFileSync(join(directory, 'DSA.list'), 'nonsense\n'.repeat(99));
    expect(await knowledgeOf(await start({ feedDirectory: directory }))).toMatchObject({ version: 1, checks: 1, starter: true });
  });

  it('that is not there is noted for each feed, and the platform starts', async () => {
    const knowledge = await knowledgeOf(await start({ feedDirectory: join(directory, 'nowhere') }));
    for (const { name } of feeds) expect(problemOf(knowledge, name)).toContain('VEDETTE_FEED_DIR');
  });

  const shared = join(process.env['VEDETTE_SHARED'] ?? join(import.meta.dirname, '../../../../../shared'), 'data/debian');
  it.skipIf(!existsSync(shared))('with Debian’s real data is taken (skipped: no feed data)', async () => {
    const knowledge = await knowledgeOf(await start({ feedDirectory: shared }));
    expect(knowledge.version).toBeGreaterThanOrEqual(1);
    for (const { feed, problem } of knowledge.feeds) expect([feed, problem]).toEqual([feed, null]);
  });
});

describe('a mirror', () => {
  let mirror: Server;
  let listener: RequestListener;
  let feedMirror: string;

  beforeEach(async () => {
    mirror = createServer((request, response) => listener(request, response));
    await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve));
    feedMirror = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    mirror.closeAllConnections();
    mirror.close();
  });

  /** Offline, so that nothing is fetched before the test asks for it. */
  async function refreshed(): Promise<{ status: number; server: TestServer; detail: string }> {
    const server = await start({ feedMirror });
    const { headers } = await testCaller(server);
    const reply = await server.app.inject({ method: 'POST', url: '/api/v1/knowledge/refresh', headers });
    return { status: reply.statusCode, server, detail: reply.json<{ detail?: string }>().detail ?? '' };
  }

  it('is read, the good feeds of it', async () => {
    listener = (request, response) => {
      if (request.url === '/known_exploited_vulnerabilities.json') response.end(kev());
      else response.writeHead(404).end();
    };
    const { status, server } = await refreshed();
    expect(status).toBe(200);
    const knowledge = await knowledgeOf(server);
    expect(problemOf(knowledge, 'cisa-kev')).toBeNull();
    expect(problemOf(knowledge, 'debian-dsa')).toContain('404');
  });

  const failures: [string, RequestListener, RegExp][] = [
    ['answers 500', (_request, response) => void response.writeHead(500).end('x'), /answered 500/],
    [
      'redirects for ever',
      (request, response) => void response.writeHead(302, { location: request.url }).end(),
      /redirects more/,
    ],
    [
      'redirects to nonsense',
      (_request, response) => void response.writeHead(302, { location: 'http://' }).end(),
      /redirects to what is no address/,
    ],
    ['hangs up', (request) => void request.socket.destroy(), /cannot be reached/],
    [
      'cuts the body',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('half', () => response.destroy());
      },
      /cannot be reached/,
    ],
    [
      'is a captive portal',
      (_request, response) => void response.end('<html>log in</html>'),
      /Is it|no JSON|not the format|damaged|ends in/,
    ],
  ];
  it.each(failures)('that %s leaves the knowledge of before, and the answer says why', async (_what, answer, reason) => {
    listener = answer;
    const { status, server, detail } = await refreshed();
    expect(status).toBe(503);
    expect(detail).toMatch(reason);
    expect(await knowledgeOf(server)).toMatchObject({ version: 1, checks: 1, refreshing: false });
  });

  it('that stalls keeps neither a second refresh nor the end of the platform waiting', async () => {
    const asked = Promise.withResolvers<void>();
    listener = () => asked.resolve();
    const server = await start({ feedMirror });
    const { headers } = await testCaller(server);
    const running = server.keeper.refresh();
    await asked.promise;
    expect(await knowledgeOf(server)).toMatchObject({ refreshing: true });
    const second = await server.app.inject({ method: 'POST', url: '/api/v1/knowledge/refresh', headers });
    expect(second.json()).toMatchObject({ status: 409, code: 'CONFLICT' });
    await server.keeper[Symbol.asyncDispose]();
    expect(await running).toMatchObject({ succeeded: 0 });
  });
});

describe('POST /knowledge/refresh', () => {
  it('is refused to a reader', async () => {
    const server = await start();
    const { headers } = await testCaller(server, { role: 'reader' });
    const reply = await server.app.inject({ method: 'POST', url: '/api/v1/knowledge/refresh', headers });
    expect(reply.json()).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });
});

describe('an import that fails', () => {
  it('leaves nothing behind', async () => {
    const { db } = database;
    const at = new Date('2026-11-22T12:00:00Z');
    await importKnowledge(db, { advisories: [advisory(1)], vulnerabilities: [], origins: [] }, { at, starter: false });
    const broken = { ...advisory(2), feed: 'a\0b' }; // refused by the database, after versions and checks were written
    const input = { advisories: [advisory(3), broken], vulnerabilities: [], origins: [] };
    await expect(importKnowledge(db, input, { at, starter: false })).rejects.toThrow(/invalid byte sequence|unicode|\\u0000/i);
    const versions = await db.selectFrom('knowledgeVersion').select('version').execute();
    const open = await db.selectFrom('knowledgeCheck').select(['name', 'validUntil']).execute();
    expect(versions).toEqual([{ version: 1 }]);
    expect(open).toEqual([{ name: 'CVE-2024-1001', validUntil: null }]);
  });
});

function corrupt(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.fill(0xff, copy.length / 2, copy.length / 2 + 64);
  return copy;
}
