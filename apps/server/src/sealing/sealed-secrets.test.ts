import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ThrowAwayDatabase, throwAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { backUp } from '../backup/back-up.ts';
import { restore } from '../backup/restore.ts';
import { type Config, readConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { readNetworks } from '../notifications/channels/safe-address.ts';
import { explainStartError } from '../start-error.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { newKey, readKeys, writeKeys } from './keys.ts';
import { forgetSecrets, openSealer, sealAnew } from './seal-secrets.ts';
import { factorPlace } from './sealed-places.ts';
import { Sealer } from './sealer.ts';

const directory = mkdtempSync(join(tmpdir(), 'vedette-sealed-'));
const stack = new AsyncDisposableStack();
stack.defer(() => rmSync(directory, { recursive: true }));
afterAll(() => stack.disposeAsync());

let database: ThrowAwayDatabase;
let config: Config;
beforeEach(async () => {
  database = stack.use(await throwAwayDatabase());
  config = newConfig();
});

/** Of a platform that was never started. */
function newConfig(): Config {
  return readConfig({ VEDETTE_DATA_DIR: join(directory, randomUUID()) });
}

const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const totpKey = Buffer.alloc(20, 2);

/** A channel and a second factor as older releases left them. */
async function plainRows(): Promise<{ organizationId: string; channelId: string; factorId: string; userId: string }> {
  const server = await testServer(database);
  const { organizationId, userId } = await testCaller(server);
  await server[Symbol.asyncDispose]();
  const [channelId, factorId] = [randomUUID(), randomUUID()];
  const settings = JSON.stringify({ kind: 'webhook', url: 'https://hook.example/x' });
  await sql`insert into notification_channel (organization_id, id, name, settings, secret, enabled, created_at, created_by)
    values (${organizationId}, ${channelId}, 'hook', ${settings}, ${secret}, true, now(), 'x')`.execute(database.db);
  const factor = {
    id: factorId,
    organizationId,
    userId,
    kind: 'totp' as const,
    name: 'phone',
    key: totpKey,
    createdAt: new Date(),
  };
  await database.db.insertInto('secondFactor').values(factor).execute();
  return { organizationId, channelId, factorId, userId };
}

async function storedSecret(channelId: string): Promise<string> {
  const row = await database.db
    .selectFrom('notificationChannel')
    .select('secret')
    .where('id', '=', channelId)
    .executeTakeFirstOrThrow();
  return row.secret ?? '';
}

async function storedFactor(id: string): Promise<Buffer> {
  return (await database.db.selectFrom('secondFactor').select('key').where('id', '=', id).executeTakeFirstOrThrow()).key;
}

describe('the first start on a database', () => {
  it('makes a key and seals what lies there in plain; the next one changes nothing', async () => {
    const { channelId, factorId, userId, organizationId } = await plainRows();
    const sealer = await openSealer(database.db, config);
    expect(existsSync(config.secretKeyFile)).toBe(true);
    const [channel, factor] = [await storedSecret(channelId), await storedFactor(factorId)];
    const place = ['notification_channel.secret', organizationId, channelId, 'webhook https://hook.example'] as const;
    expect(sealer.open(channel, place).toString()).toBe(secret);
    expect(sealer.open(factor.toString(), factorPlace({ userId, id: factorId })).equals(totpKey)).toBe(true);
    await openSealer(database.db, config);
    expect([await storedSecret(channelId), await storedFactor(factorId)]).toEqual([channel, factor]);
  });

  it('by several processes at once: one makes the key, and all have it or say so', async () => {
    await plainRows();
    const sealers = await Promise.all([1, 2, 3].map(() => openSealer(database.db, config)));
    expect(new Set(sealers.map(({ keyId }) => keyId)).size).toBe(1);
    const elsewhere = newConfig();
    await expect(openSealer(database.db, elsewhere)).rejects.toMatchObject({ code: 'KEY_MISSING' });
    expect(existsSync(elsewhere.secretKeyFile)).toBe(false);
  });

  it('makes none where one was to be there, and seals nothing', async () => {
    const { channelId } = await plainRows();
    const file = join(directory, 'not there');
    await expect(openSealer(database.db, readConfig({ VEDETTE_SECRET_KEY_FILE: file }))).rejects.toMatchObject({
      code: 'KEY_MISSING',
    });
    expect([existsSync(file), await storedSecret(channelId)]).toEqual([false, secret]);
  });
});

describe('a start without the key', () => {
  it('says which key, where it was looked for, and what to do', async () => {
    const { keyId } = await openSealer(database.db, config);
    rmSync(config.secretKeyFile);
    const error = await openSealer(database.db, config).catch((reason: unknown) => reason);
    const { message, exitCode } = explainStartError(error);
    expect(exitCode).toBe(78);
    for (const told of [keyId, config.secretKeyFile, 'VEDETTE_SECRET_KEY_FILE', 'forget-secrets'])
      expect(message).toContain(told);
  });

  it('is possible once its secrets were given up: channels are off, and nobody has codes', async () => {
    const { channelId } = await plainRows();
    const { keyId } = await openSealer(database.db, config);
    rmSync(config.secretKeyFile);
    expect(await forgetSecrets(database.db)).toEqual({ channels: 1, factors: 1 });
    const after = await openSealer(database.db, config);
    expect(after.keyId).not.toBe(keyId);
    const row = await database.db.selectFrom('notificationChannel').selectAll().where('id', '=', channelId).executeTakeFirst();
    expect(row).toMatchObject({ secret: null, enabled: false, problem: expect.stringContaining('lost') });
    expect(await database.db.selectFrom('secondFactor').selectAll().execute()).toEqual([]);
  });
});

describe('another key', () => {
  it('takes over everything, and a platform that runs meanwhile goes on', async () => {
    const { factorId, userId } = await plainRows();
    const running = await openSealer(database.db, config);
    const [old] = readKeys(config);
    writeKeys(config.secretKeyFile, [newKey(), ...readKeys(config)]);
    expect(await sealAnew(database.db, new Sealer(() => readKeys(config)))).toBe(2);
    const value = (await storedFactor(factorId)).toString();
    expect(value).not.toContain(old!.id);
    expect(running.open(value, factorPlace({ userId, id: factorId })).equals(totpKey)).toBe(true);
    // The old one is needed no more.
    writeKeys(config.secretKeyFile, readKeys(config).slice(0, 1));
    await openSealer(database.db, config);
  });

  it('leaves all as it was where one value cannot be opened', async () => {
    const { channelId, factorId } = await plainRows();
    await openSealer(database.db, config);
    const before = await storedSecret(channelId);
    await database.db
      .updateTable('secondFactor')
      .set({ key: Buffer.from('altered') })
      .where('id', '=', factorId)
      .execute();
    writeKeys(config.secretKeyFile, [newKey(), ...readKeys(config)]);
    await expect(sealAnew(database.db, new Sealer(() => readKeys(config)))).rejects.toMatchObject({ code: 'ALTERED' });
    expect(await storedSecret(channelId)).toBe(before);
  });
});

describe('a backup', () => {
  async function backedUp(keys: Config): Promise<{ file: string; neededKey: string | null }> {
    const file = join(directory, randomUUID());
    const { pool, close } = openDatabase(database.connection);
    const { neededKey } = await backUp({ pool, releases: '/nowhere', keys }, file);
    await close();
    return { file, neededKey };
  }

  async function restoredTo(keys: Config, file: string): Promise<string | null> {
    database = stack.use(await throwAwayDatabase({ empty: true }));
    const { db, pool, close } = openDatabase(database.connection);
    const { neededKey } = await restore({ db, pool, releases: join(directory, randomUUID()), keys }, file);
    await close();
    return neededKey;
  }

  it('brings the key that the platform made: elsewhere, its secrets open', async () => {
    const { factorId, userId } = await plainRows();
    await openSealer(database.db, config);
    const { file, neededKey } = await backedUp(config);
    const there = newConfig();
    expect([neededKey, await restoredTo(there, file)]).toEqual([null, null]);
    const sealer = await openSealer(database.db, there);
    expect(sealer.open((await storedFactor(factorId)).toString(), factorPlace({ userId, id: factorId })).equals(totpKey)).toBe(
      true,
    );
  });

  it('demands a key that was handed in, and does not hold it', async () => {
    await plainRows();
    const { key, id } = newKey();
    const given = readConfig({ VEDETTE_SECRET_KEY: key.toString('base64') });
    await openSealer(database.db, given);
    const { file, neededKey } = await backedUp(given);
    const there = newConfig();
    expect([neededKey, await restoredTo(there, file)]).toEqual([id, id]);
    await expect(openSealer(database.db, there)).rejects.toMatchObject({ code: 'KEY_MISSING' });
    await openSealer(database.db, given);
  });
});

describe('whoever writes to the database', { timeout: 30_000 }, () => {
  let received: string[];
  let hooks: Server;
  let server: TestServer;
  let caller: Awaited<ReturnType<typeof testCaller>>;
  beforeEach(async () => {
    received = [];
    hooks = createServer((request, reply) => {
      received.push(request.url ?? '');
      reply.end();
    });
    await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', resolve));
    server = await testServer(database, { destinationNetworks: readNetworks(['127.0.0.1/32']) });
    caller = await testCaller(server);
    return async () => {
      await server[Symbol.asyncDispose]();
      hooks.close();
    };
  });

  async function post<Reply>(path: string, payload: object = {}): Promise<Reply> {
    const reply = await server.app.inject({ method: 'POST', url: `/api/v1${path}`, headers: caller.headers, payload });
    return reply.json<Reply>();
  }

  const address = (path: string) => `http://127.0.0.1:${(hooks.address() as AddressInfo).port}/${path}`;

  async function channel(name: string): Promise<string> {
    const settings = { kind: 'webhook', url: address(name) };
    return (await post<{ channel: { channelId: string } }>('/notification-channels', { name, settings })).channel.channelId;
  }

  const trial = (id: string) => post<{ delivered: boolean; problem: string | null }>(`/notification-channels/${id}/test`);

  it('finds no secret there', async () => {
    const settings = { kind: 'webhook', url: address('x') };
    const { channel: made } = await post<{ channel: { channelId: string } }>('/notification-channels', {
      name: 'x',
      settings,
      secret,
    });
    expect(await trial(made.channelId)).toEqual({ delivered: true, problem: null });
    const stored = await storedSecret(made.channelId);
    expect([stored.startsWith('sealed:1:'), stored.includes(secret.slice(6))]).toEqual([true, false]);
  });

  it('cannot exchange the secrets of two channels', async () => {
    const [one, two] = [await channel('one'), await channel('two')];
    await sql`update notification_channel as here set secret = there.secret from notification_channel as there where here.id <> there.id`.execute(
      database.db,
    );
    for (const id of [one, two])
      expect(await trial(id)).toMatchObject({ delivered: false, problem: expect.stringContaining('another row') });
    expect(received).toEqual([]);
  });

  it('cannot have a secret sent elsewhere', async () => {
    const id = await channel('one');
    const settings = JSON.stringify({ kind: 'webhook', url: address('taken').replace('127.0.0.1', 'localhost') });
    await sql`update notification_channel set settings = ${settings} where id = ${id}`.execute(database.db);
    expect(await trial(id)).toMatchObject({ delivered: false });
    expect(received).toEqual([]);
  });

  it('cannot put a secret of their own there', async () => {
    const id = await channel('one');
    await sql`update notification_channel set secret = ${secret} where id = ${id}`.execute(database.db);
    expect(await trial(id)).toMatchObject({ delivered: false });
    expect(received).toEqual([]);
  });
});
