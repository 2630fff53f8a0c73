import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { Pool, type PoolConfig } from 'pg';
import { pino } from 'pino';
import { newSecret } from '../auth/secret.ts';
import { insertActivationKey } from '../activation-keys/store.ts';
import { type Config, readConfig } from '../config.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { exceptedNow } from '../exceptions/excepted-now.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { buildApp } from '../http/build-app.ts';
import { KnowledgeKeeper } from '../knowledge/knowledge-keeper.ts';
import { loadPlatformKey } from '../platform-key.ts';
import { parseKeys } from '../sealing/keys.ts';
import { Sealer } from '../sealing/sealer.ts';
import { insertOrganization, insertUser } from '../users/store.ts';
import { checkReplies } from './check-replies.ts';

/** Of all servers: several may be on one database. */
export const testKeys = parseKeys([Buffer.alloc(32, 7).toString('base64')], 'test');

/** A clock that tests turn by hand. */
export interface TestClock {
  now: Date;
}

export interface TestServer extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly context: Context;
  readonly keeper: KnowledgeKeeper;
  readonly clock: TestClock;
}

/** The whole HTTP side over a database of the test, for requests by `inject`. */
export async function testServer(
  database: { readonly db: Kysely<Database>; readonly connection: PoolConfig },
  change: Partial<Config> = {},
): Promise<TestServer> {
  const { db } = database;
  const pool = new Pool(database.connection);
  const clock = { now: new Date('2026-11-22T12:00:00Z') };
  const directory = await mkdtemp(join(tmpdir(), 'vedette-server-'));
  const releasesDirectory = join(directory, 'releases');
  const config: Config = {
    ...readConfig({}),
    // What tests count is what they bring.
    postureFile: '/nowhere',
    offline: true,
    logLevel: 'silent',
    releasesDirectory,
    ...change,
  };
  const log = pino({ level: 'silent' });
  const context: Context = {
    config,
    db,
    pool,
    log,
    fleetIndex: new FleetIndex({
      db,
      log,
      clock: () => clock.now,
      excepted: exceptedNow({ db, clock: () => clock.now, silence: config.silence }),
    }),
    clock: () => clock.now,
    platformKey: await loadPlatformKey(db),
    sealer: new Sealer(() => testKeys),
    startedAt: clock.now,
  };
  // Nobody waits for a source to recover.
  const keeper = new KnowledgeKeeper(context, () => Promise.resolve());
  const app = await buildApp(context, keeper);
  const complain = checkReplies(app);
  const dispose = async (): Promise<void> => {
    await app.close();
    await context.fleetIndex[Symbol.asyncDispose]();
    await keeper[Symbol.asyncDispose]();
    await pool.end();
    await rm(directory, { recursive: true, force: true });
    complain();
  };
  return { app, context, keeper, clock, [Symbol.asyncDispose]: dispose };
}

/** Headers of a caller of a new organization, or of a given one. */
export async function testCaller(
  { context: { db }, clock }: TestServer,
  {
    organizationId = randomUUID(),
    role = 'manager',
    scope = null,
  }: { organizationId?: string; role?: string; scope?: string | null } = {},
): Promise<{ readonly organizationId: string; readonly userId: string; readonly headers: { readonly authorization: string } }> {
  const known = await db.selectFrom('organization').select('id').where('id', '=', organizationId).executeTakeFirst();
  if (!known) await insertOrganization(db, { id: organizationId, name: 'tested', createdAt: clock.now });
  const userId = randomUUID();
  await insertUser(db, { id: userId, organizationId, login: userId, passwordHash: '', role, scope, createdAt: clock.now });
  const { secret, hash } = newSecret('vdt');
  const token = { id: randomUUID(), organizationId, userId, name: 'test', tokenHash: hash };
  await db
    .insertInto('apiToken')
    .values({ ...token, createdAt: clock.now, expiresAt: null })
    .execute();
  return { organizationId, userId, headers: { authorization: `Bearer ${secret}` } };
}

/** The secret of a new activation key. */
export async function testActivationKey(
  { context: { db }, clock }: TestServer,
  organizationId: string,
  change: { readonly maxUses?: number; readonly expiresAt?: Date; readonly id?: string } = {},
): Promise<string> {
  const { secret, hash } = newSecret('vdk');
  const key = { id: randomUUID(), organizationId, name: 'test', secretHash: hash, createdAt: clock.now };
  await insertActivationKey(db, { ...key, expiresAt: null, maxUses: null, ...change });
  return secret;
}
