import { randomUUID } from 'node:crypto';
import { AuditChain, type AuditHead, type ChainedAuditEvent, canonicalJson, endpoints } from '@vedette/protocol';
import fc from 'fast-check';
import { sql } from 'kysely';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secrets } from '../config.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { appendAudit, sha256 } from './append-audit.ts';
import { isAudited } from './audit-request.ts';
import { IntentKeeper } from './intent-keeper.ts';
import { beginIntent, settleIntent } from './intents.ts';
import { findAuditEvents, verifyAudit } from './store.ts';
import { withoutSecrets } from './without-secrets.ts';

let database: ThrowAwayDatabase;
let server: TestServer;
let caller: Awaited<ReturnType<typeof testCaller>>;
beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
}, 60_000);
beforeEach(async () => {
  caller = await testCaller(server);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function post(path: string, payload: object, by = caller) {
  const headers = { ...by.headers, 'user-agent': 'test/1' };
  return server.app.inject({ method: 'POST', url: `/api/v1${path}`, headers, payload });
}

async function events(): Promise<ChainedAuditEvent[]> {
  const { organizationId } = caller;
  const oldest = { sort: 'number', direction: 'descending', limit: 500 } as const;
  return (await findAuditEvents(database.db, { organizationId, ...oldest })).items;
}

async function fill(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await post('/activation-keys', { name: `key ${at}` });
}

/** As somebody who owns the database: what keeps others from changing the log is in the way of nobody like that. */
async function tamper(statement: string): Promise<void> {
  await database.db.transaction().execute(async (transaction) => {
    await sql`alter table audit_event disable trigger user`.execute(transaction);
    await sql.raw(statement.replaceAll('OURS', `organization_id = '${caller.organizationId}'`)).execute(transaction);
    await sql`alter table audit_event enable trigger user`.execute(transaction);
  });
}

/** Lets every insert into a table fail meanwhile. */
async function breaking(table: string, task: () => Promise<void>): Promise<void> {
  const trigger = sql.raw(`create trigger broken before insert on ${table} execute function broken()`);
  await sql`create or replace function broken() returns trigger language plpgsql as 'begin raise exception $$broken$$; end'`.execute(
    database.db,
  );
  await trigger.execute(database.db);
  try {
    await task();
  } finally {
    await sql.raw(`drop trigger broken on ${table}`).execute(database.db);
  }
}

async function intents(): Promise<string[]> {
  const { organizationId } = caller;
  const rows = await database.db.selectFrom('auditIntent').select('id').where('organizationId', '=', organizationId).execute();
  return rows.map(({ id }) => id);
}

async function keyNames(): Promise<string[]> {
  const { organizationId } = caller;
  const rows = await database.db
    .selectFrom('activationKey')
    .select('name')
    .where('organizationId', '=', organizationId)
    .execute();
  return rows.map(({ name }) => name);
}

/** One that is in the log, as it was before it came there. */
async function anEvent() {
  await fill(1);
  const { number: _number, at: _at, hash: _hash, outcome: _outcome, ...event } = (await events())[0]!;
  return event;
}

const verify = (kept: AuditHead | null = null) => verifyAudit(database.db, caller.organizationId, kept);

describe('the audit log', () => {
  it('says who did what, to what, when and from where', async () => {
    server.clock.now = new Date('2026-11-22T13:00:00Z');
    const made = await post('/activation-keys', { name: 'web' });
    const key = made.json<{ activationKeyId: string; secret: string }>();
    await server.app.inject({ method: 'DELETE', url: `/api/v1/activation-keys/${key.activationKeyId}`, headers: caller.headers });
    const actor = { userId: caller.userId, via: 'token test', address: '127.0.0.1' };
    expect(await events()).toMatchObject([
      {
        number: 1,
        at: '2026-11-22T13:00:00.000Z',
        action: 'createActivationKey',
        outcome: 'done',
        actor: { ...actor, userAgent: 'test/1' },
        detail: { input: { name: 'web' } },
      },
      { number: 2, action: 'revokeActivationKey', actor, target: { activationKeyId: key.activationKeyId } },
    ]);
    expect(JSON.stringify(await events())).not.toContain(key.secret);
  });

  it('is whole after an operation whose input is too long to be written down', async () => {
    const statements = [{ vulnerability: { name: 'CVE-2026-1' }, products: [], status: 'fixed' }];
    const document = { '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'x', statements, author: 'a'.repeat(9000) };
    expect((await post('/exceptions/vex', { document, assets: '' })).statusCode).toBe(200);
    expect(await events()).toMatchObject([
      { action: 'importVex', detail: { input: expect.stringMatching(/^\d+ characters of JSON with the SHA-256/) as string } },
    ]);
    expect((await verify()).fault).toBeNull();
  });

  it('takes events of before, whose detail is a text', async () => {
    const event = await anEvent();
    await appendAudit(database.db, { ...event, detail: '9000 characters of JSON …', outcome: 'done' }, server.clock.now);
    expect((await events()).at(-1)).toMatchObject({ action: event.action, detail: '9000 characters of JSON …' });
    expect((await verify()).fault).toBeNull();
  });

  it('holds what was before and is after', async () => {
    const role = (await post('/roles', { name: 'Own', permissions: ['asset:read'] })).json<{ role: string }>();
    await post(`/roles/${role.role}`, { name: 'Own', permissions: ['check:read'], scope: 'os:debian' }).then((reply) =>
      expect(reply.statusCode).toBe(200),
    );
    expect((await events()).at(-1)?.detail).toMatchObject({
      before: { permissions: ['asset:read'], scope: null },
      after: { permissions: ['check:read'], scope: 'os:debian' },
    });
  });

  it('tells of what was tried and refused, not of what was wrong or only read', async () => {
    const reader = await testCaller(server, { organizationId: caller.organizationId, role: 'reader' });
    expect((await post('/activation-keys', { name: 'x' }, reader)).statusCode).toBe(403);
    expect((await post('/activation-keys', { wrong: true })).statusCode).toBe(400);
    await server.app.inject({ url: '/api/v1/activation-keys', headers: caller.headers });
    await post('/detections/what-if', { checks: [], upgrades: [] });
    expect(await events()).toMatchObject([
      { action: 'createActivationKey', outcome: 'refused', actor: { userId: reader.userId } },
    ]);
  });

  it('keeps its order and leaves no gap when many write at once', async () => {
    await Promise.all(Array.from({ length: 30 }, () => fill(1)));
    expect((await events()).map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
    expect((await verify()).fault).toBeNull();
  });

  it('keeps its order and leaves no gap when several processes write', async () => {
    await using other = await testServer(database, { secrets: new Secrets({ databaseUrl: 'postgres://of.several/processes' }) });
    const make = ({ app }: TestServer, name: string) =>
      app.inject({ method: 'POST', url: '/api/v1/activation-keys', headers: caller.headers, payload: { name } });
    await Promise.all(Array.from({ length: 40 }, (_, at) => make(at % 2 === 0 ? server : other, `key ${at}`)));
    expect((await events()).map(({ number }) => number)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    expect((await verify()).fault).toBeNull();
  });

  it('leaves no intent behind, whether the operation was done, refused or failed', async () => {
    await fill(1);
    const unknown = `/api/v1/activation-keys/${randomUUID()}`;
    expect((await server.app.inject({ method: 'DELETE', url: unknown, headers: caller.headers })).statusCode).toBe(404);
    expect(await intents()).toEqual([]);
    await breaking('activation_key', async () =>
      expect((await post('/activation-keys', { name: 'broken' })).statusCode).toBe(500),
    );
    expect(await intents()).toEqual([]);
    expect(await events()).toMatchObject([
      { outcome: 'done', detail: { input: { name: 'key 0' } } },
      { outcome: 'failed', detail: { input: { name: 'broken' } } },
    ]);
  });

  it('does nothing that it cannot write down', async () => {
    await breaking('audit_intent', async () => expect((await post('/activation-keys', { name: 'unseen' })).statusCode).toBe(500));
    expect(await keyNames()).toEqual([]);
  });

  it('tells later what was done when its end could not be written', async () => {
    await breaking('audit_event', async () => expect((await post('/activation-keys', { name: 'done' })).statusCode).toBe(500));
    expect([await keyNames(), await events()]).toEqual([['done'], []]);
    const keeper = new IntentKeeper(server.context);
    // Whoever began it may be at it still.
    await keeper.look();
    expect(await events()).toEqual([]);
    await Promise.all([keeper.look(0), keeper.look(0), new IntentKeeper(server.context).look(0)]);
    expect(await events()).toMatchObject([
      { outcome: 'failed', actor: { userId: caller.userId }, detail: { input: { name: 'done' }, interrupted: true } },
    ]);
    expect([await intents(), (await verify()).fault]).toEqual([[], null]);
  });

  it('tells of the end too where the operation was taken for abandoned', async () => {
    const event = { ...(await anEvent()), detail: {} };
    const id = await beginIntent(database.db, event);
    await new IntentKeeper(server.context).look(0);
    await settleIntent(database.db, { id, event: { ...event, outcome: 'done' }, now: server.clock.now });
    expect((await events()).map(({ outcome }) => outcome)).toEqual(['done', 'failed', 'done']);
    expect((await verify()).fault).toBeNull();
  });

  it('is of each organization alone', async () => {
    await fill(2);
    const stranger = await testCaller(server);
    const reply = await server.app.inject({ url: '/api/v1/audit', headers: stranger.headers });
    expect(reply.json()).toEqual({ total: 0, items: [], next: null });
  });

  it('comes in pages, newest or oldest first, and can be searched', async () => {
    await fill(5);
    const get = async (query: string) =>
      (await server.app.inject({ url: `/api/v1/audit?${query}`, headers: caller.headers })).json<{
        items: { number: number }[];
        next: number | string | null;
        total: number;
      }>();
    const first = await get('limit=2');
    expect([first.items.map(({ number }) => number), first.next, first.total]).toEqual([[5, 4], 4, 5]);
    expect((await get(`limit=2&after=${first.next}`)).items.map(({ number }) => number)).toEqual([3, 2]);
    const oldest = await get('limit=3&direction=descending');
    expect(oldest.items.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect((await get(`limit=9&direction=descending&after=${oldest.next}`)).items.map(({ number }) => number)).toEqual([4, 5]);
    expect((await get('search=key%203')).items.map(({ number }) => number)).toEqual([4]);
    expect((await get('search=%25')).total).toBe(0);
  });

  /** As the command line of every version asks: the first ones knew neither sort nor direction, and take nothing but numbers as cursors. */
  it.each(['order=oldest', 'order=oldest&sort=number&direction=descending'])(
    'is followed by %s from its first event',
    async (query) => {
      await fill(7);
      const chain = new AuditChain(sha256);
      for (let next: number | null = 0; next !== null;) {
        const url: string = `/api/v1/audit?${query}&limit=3${next === 0 ? '' : `&after=${next}`}`;
        const page = (await server.app.inject({ url, headers: caller.headers })).json<{
          items: ChainedAuditEvent[];
          next: number | null;
        }>();
        for (const event of page.items) expect(chain.take(event)).toBeNull();
        expect([typeof page.next, page]).toEqual([
          page.items.length === 3 ? 'number' : 'object',
          expect.objectContaining({ total: 7 }),
        ]);
        ({ next } = page);
      }
      expect([chain.head.number, chain.end()]).toEqual([7, null]);
    },
  );

  it('is followed by the platform over more than one part of it', async () => {
    await fill(1);
    const { organizationId } = caller;
    for (let at = 0; at < 1100; at += 1) {
      const actor = { userId: null, login: '', via: 'x', address: '', userAgent: '' };
      const event = { organizationId, action: 'x', outcome: 'done', actor, target: {}, detail: {} } as const;
      await appendAudit(database.db, event, server.clock.now);
    }
    expect(await verifyAudit(database.db, organizationId, null)).toMatchObject({ head: { number: 1101 }, fault: null });
  });

  it.each([['update audit_event set action = $$x$$'], ['delete from audit_event'], ['truncate audit_event']])(
    'refuses in the database: %s',
    async (statement) => {
      await fill(1);
      await expect(sql.raw(statement).execute(database.db)).rejects.toThrow('only added to');
    },
  );

  it('writes down every operation that changes something, of all there are', () => {
    const silent = Object.values(endpoints).filter((endpoint) => endpoint.method !== 'GET' && !isAudited(endpoint));
    // What only answers a question that is too long for an address.
    expect(silent.map(({ name }) => name).toSorted()).toEqual(['previewException', 'previewProfile', 'previewReport', 'whatIf']);
  });
});

describe('whoever owns the database is found out', () => {
  it.each([
    [
      'editing what was done',
      `update audit_event set body = replace(body, 'key 2', 'key 9') where OURS and number = 3`,
      'edited',
      3,
    ],
    [
      'editing who did it',
      `update audit_event set body = regexp_replace(body, '"login":"[^"]*"', '"login":"eve"') where OURS and number = 2`,
      'edited',
      2,
    ],
    [
      'editing when',
      `update audit_event set body = replace(body, '"at":"20', '"at":"21') where OURS and number = 4`,
      'edited',
      4,
    ],
    ['leaving no event at all', `update audit_event set body = '{' where OURS and number = 2`, 'edited', 2],
    ['deleting one', `delete from audit_event where OURS and number = 3`, 'missing', 3],
    ['deleting the first', `delete from audit_event where OURS and number = 1`, 'missing', 1],
    [
      'deleting one and closing the gap',
      `delete from audit_event where OURS and number = 3; update audit_event set number = number - 1 where OURS and number > 3`,
      'edited',
      3,
    ],
    [
      'exchanging two',
      `update audit_event set number = case number when 2 then 1003 else 1002 end where OURS and number in (2, 3); update audit_event set number = number - 1000 where OURS and number > 1000`,
      'edited',
      2,
    ],
    [
      'adding one before the first',
      `insert into audit_event select organization_id, 0, at, action, outcome, hash, body from audit_event where OURS and number = 1`,
      'moved',
      0,
    ],
    [
      'adding one at the end, with a hash of any length',
      `insert into audit_event select organization_id, 7, at, action, outcome, '\\x00', body from audit_event where OURS and number = 6`,
      'edited',
      7,
    ],
    ['exchanging the hash too', `update audit_event set hash = sha256(body::bytea) where OURS and number = 5`, 'edited', 5],
  ])('%s', async (_, statement, fault, number) => {
    await fill(6);
    await tamper(statement);
    expect((await verify()).fault).toMatchObject({ fault, number });
    // Whoever follows the chain elsewhere gets it, too.
    for (const path of ['/audit?limit=500', '/audit/verification'])
      expect((await server.app.inject({ url: `/api/v1${path}`, headers: caller.headers })).statusCode).toBe(200);
  });

  it('cutting off the end, by a head that was noted before', async () => {
    await fill(6);
    const { head } = await verify();
    await tamper('delete from audit_event where OURS and number > 4');
    expect((await verify()).fault).toBeNull();
    expect(await verify(head)).toMatchObject({ head: { number: 4 }, fault: { fault: 'cut-off', number: 5 } });
    const asked = await server.app.inject({
      url: `/api/v1/audit/verification?head=${head.number}:${head.hash}`,
      headers: caller.headers,
    });
    expect(asked.json()).toMatchObject({ fault: { fault: 'cut-off' } });
  });

  it('writing everything anew, by a head that was noted before', async () => {
    await fill(4);
    const { head } = await verify();
    const old = await events();
    await tamper('delete from audit_event where OURS');
    for (const { number: _number, at, hash: _hash, ...event } of old) {
      await appendAudit(database.db, { ...event, detail: { input: { name: 'harmless' } } }, new Date(at));
    }
    expect((await verify()).fault).toBeNull();
    expect((await verify(head)).fault).toMatchObject({ fault: 'edited', number: 4 });
  });

  it('goes on well after a head that was noted before', async () => {
    await fill(3);
    const { head } = await verify();
    await fill(3);
    expect(await verify(head)).toMatchObject({ head: { number: 6 }, fault: null });
  });
});

describe('canonicalJson', () => {
  it('is the same however the object was made, and the same value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('tells any two different events apart by the hash', async () => {
    await fill(1);
    const [event] = await events();
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (more) => {
        const chain = new AuditChain(sha256);
        expect(chain.take({ ...event!, action: event!.action + more })?.fault).toBe('edited');
      }),
    );
  });
});

describe('withoutSecrets', () => {
  it.each([
    [
      { password: 'x', name: 'y' },
      { password: '[secret]', name: 'y' },
    ],
    [{ a: [{ clientSecret: 'x' }] }, { a: [{ clientSecret: '[secret]' }] }],
    [
      { recoveryCode: 1, hasPassword: true },
      { recoveryCode: '[secret]', hasPassword: true },
    ],
  ])('%j is written as %j', (value, written) => {
    expect(withoutSecrets(value)).toEqual(written);
  });

  it('tells what is long by its hash', () => {
    const { input, before } = withoutSecrets({ input: { text: 'a'.repeat(10_000) }, before: 'b' });
    expect(input).toMatch(/^10011 characters of JSON with the SHA-256 [0-9a-f]{64}$/);
    expect(before).toBe('b');
  });
});

describe('a dry run', () => {
  const document = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    statements: [{ vulnerability: 'CVE-2026-1', status: 'fixed' }],
  };
  const actions = async (): Promise<string[]> => (await events()).map(({ action }) => action);

  it('changes nothing and is no event; what it stood for is one', async () => {
    expect((await post('/exceptions/vex', { document, dryRun: true })).statusCode).toBe(200);
    expect(await actions()).not.toContain('importVex');
    expect((await post('/exceptions/vex', { document })).statusCode).toBe(200);
    expect(await actions()).toContain('importVex');
  });

  it('is refused where an operation knows of no dry run, instead of being done', async () => {
    expect((await post('/activation-keys', { name: 'key', dryRun: true })).statusCode).toBe(400);
    expect(await actions()).not.toContain('createActivationKey');
  });
});
