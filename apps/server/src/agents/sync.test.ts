import { randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { agentPaths, type FactRow, type SyncDocument } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import {
  installAgentFixture,
  agent,
  checkIn,
  database,
  enrolledAgent,
  server,
  stored,
  sync,
  user,
  users,
} from '../testing/agent-fixture.ts';

installAgentFixture({ syncDocument, throwAwayDatabase });

describe('documents of a hostile agent', () => {
  const bad: [string, () => SyncDocument][] = [
    ['of an unknown collector', () => syncDocument({ collector: 'horoscope', sequence: 1, rows: [{ sign: 'lion' }] })],
    ['with a sequence beyond the database', () => syncDocument({ collector: 'service', sequence: 2 ** 31, rows: [] })],
    [
      'with half a surrogate pair',
      () => {
        const row = { name: 'x\ud800', manager: 'systemd', enabled: 'static', active: 'active' };
        return syncDocument({ collector: 'service', sequence: 1, rows: [row] });
      },
    ],
    [
      'nested a hundred thousand deep',
      () => {
        const nested = JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)) as unknown;
        return {
          ...syncDocument({ collector: 'os', sequence: 1, rows: [] }),
          rows: { count: 1, constants: {}, columns: { id: [nested] } },
        };
      },
    ],
    [
      'that claims a million values in a hundred bytes',
      () => {
        const constants = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`c${index}`, 'x']));
        return { ...syncDocument({ collector: 'os', sequence: 1, rows: [] }), rows: { count: 50_000, constants, columns: {} } };
      },
    ],
  ];
  it.each(bad)('%s are rejected, and the others of the request are taken', async (_what, make) => {
    const request = agent.signed(agentPaths.sync, null, { body: zstdCompressSync(deepJson([make(), users(user('anna'))])) });
    const reply = await agent.deliver(request);
    expect(reply).toMatchObject({ status: 200, authentic: true });
    expect(reply.json['results']).toMatchObject([{ outcome: 'rejected' }, { outcome: 'accepted' }]);
    expect(await stored('user')).toEqual([user('anna')]);
  });

  it('cannot bring in values that were not checked, by columns of their own', async () => {
    expect((await sync(users(user('anna', { evil: 'a\u0000b\u001b[2J' })))).json['results']).toMatchObject([
      { outcome: 'accepted' },
    ]);
    expect(await stored('user')).toEqual([user('anna')]);
  });

  it('with a key longer than an index takes are stored, and changed by it', async () => {
    const subject = `/${randomBytes(2000).toString('hex')}`;
    const row = { kind: 'process', subject, detail: [], processes: 1 };
    const first = syncDocument({ collector: 'restart', sequence: 1, rows: [row] });
    expect((await sync(first, users(user('anna')))).json['results']).toMatchObject([
      { outcome: 'accepted' },
      { outcome: 'accepted' },
    ]);
    const delta = { rows: [], removed: [{ kind: 'process', subject }] };
    const second = syncDocument({ collector: 'restart', sequence: 2, rows: [], delta });
    expect((await sync(second)).json['results']).toMatchObject([{ outcome: 'accepted', sequence: 2 }]);
    expect(await stored('restart')).toEqual([]);
  });

  it('twice of one collector in a request are refused', async () => {
    expect(await sync(users(), users())).toMatchObject({ status: 400, json: { code: 'MALFORMED' } });
  });

  it('sent twice at once change the asset once', async () => {
    const replies = await Promise.all([sync(users(user('anna'))), sync(users(user('anna'))), sync(users(user('anna')))]);
    const statuses = replies.map(({ status }) => status);
    expect(statuses).toContain(200);
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    expect(await stored('user')).toEqual([user('anna')]);
    expect((await sync(users(user('anna')))).json['results']).toMatchObject([{ outcome: 'duplicate', sequence: 1 }]);
  });

  it('of two assets that bring the same new packages in opposite order are both taken', async () => {
    const pkg = (name: string): FactRow => {
      return { name, version: '1', architecture: 'amd64', source: name, sourceVersion: '1', state: 'installed' };
    };
    const rows = Array.from({ length: 400 }, () => pkg(`p${randomBytes(6).toString('hex')}`));
    const others = await Promise.all([1, 2, 3].map(enrolledAgent));
    const replies = await Promise.all(
      others.map((one, index) => {
        const ordered = index % 2 === 0 ? rows : rows.toReversed();
        return one.post(agentPaths.sync, { documents: [syncDocument({ collector: 'dpkg', sequence: 1, rows: ordered })] });
      }),
    );
    expect(replies.map(({ json }) => json['results'])).toMatchObject([1, 2, 3].map(() => [{ outcome: 'accepted' }]));
  });
});

describe('a check-in', () => {
  async function states() {
    const query = database.db.selectFrom('collectorState').select(['collector', 'status', 'problem', 'sequence']);
    return query.where('assetId', '=', agent.assetId).orderBy('collector').execute();
  }
  const failed = { name: 'dpkg', sequence: 0, digest: '0'.repeat(64), status: 'failed', problem: 'DENIED /var/lib/dpkg' };

  it('tells of a collector that fails and never sent a row, and of its recovery', async () => {
    await agent.post(agentPaths.checkIn, { ...checkIn, collectors: [failed] });
    expect(await states()).toEqual([{ collector: 'dpkg', status: 'failed', problem: 'DENIED /var/lib/dpkg', sequence: 0 }]);
    expect((await sync(syncDocument({ collector: 'dpkg', sequence: 1, rows: [] }))).json['results']).toMatchObject([
      { outcome: 'accepted' },
    ]);
    expect(await states()).toMatchObject([{ status: 'complete', problem: null, sequence: 1 }]);
  });

  it('keeps nothing of collectors that do not exist', async () => {
    const names = ['horoscope', 'constructor'].map((name) => ({ ...failed, name }));
    expect((await agent.post(agentPaths.checkIn, { ...checkIn, collectors: names })).status).toBe(200);
    expect(await states()).toEqual([]);
  });

  it('does not pass for an assessment when the collector of packages failed', async () => {
    const document = syncDocument({ collector: 'dpkg', sequence: 1, rows: [] });
    await sync(document);
    const before = server.clock.now;
    server.clock.now = new Date(before.getTime() + 60_000);
    const { digest } = document;
    const scan = async (status: string) => {
      await agent.post(agentPaths.checkIn, { ...checkIn, collectors: [{ name: 'dpkg', sequence: 1, digest, status }] });
      const row = await database.db.selectFrom('asset').select('lastScan').where('id', '=', agent.assetId).executeTakeFirst();
      return row?.lastScan;
    };
    expect(await scan('failed')).toEqual(before);
    expect(await scan('complete')).toEqual(server.clock.now);
    server.clock.now = before;
  });
});

/** JSON of values nested deeper than JSON.stringify goes. */
function deepJson(documents: readonly SyncDocument[]): string {
  const deep = '['.repeat(1e5) + ']'.repeat(1e5);
  const texts = documents.map((document) => {
    const [id] = document.rows.columns['id'] ?? [];
    if (!Array.isArray(id)) return JSON.stringify(document);
    return JSON.stringify({ ...document, rows: { ...document.rows, columns: { id: ['DEEP'] } } }).replace('"DEEP"', deep);
  });
  return `{"documents":[${texts.join()}]}`;
}
