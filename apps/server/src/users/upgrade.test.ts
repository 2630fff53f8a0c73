import { randomUUID } from 'node:crypto';
import { throwAwayDatabase } from '@vedette/testkit';
import { type Kysely, sql } from 'kysely';
import { expect, it } from 'vitest';
import { hashPassword } from '../auth/password.ts';
import { newSecret } from '../auth/secret.ts';
import { migrate } from '../db/migrate.ts';
import { migrations } from '../db/migrations/index.ts';
import type { Database } from '../db/schema.ts';
import { testServer } from '../testing/test-server.ts';

const now = new Date('2026-11-22T12:00:00Z');
const password = 'known before the upgrade';

/** As the release before wrote it, in its own words. */
async function insertOld(db: Kysely<Database>, role: 'manager' | 'reader', organizationId: string) {
  const [id, session, token] = [randomUUID(), newSecret('vds'), newSecret('vdt')];
  const passwordHash = await hashPassword(password);
  await sql`
    insert into app_user (id, organization_id, login, password_hash, role, created_at)
    values (${id}, ${organizationId}, ${role}, ${passwordHash}, ${role}, ${now})`.execute(db);
  await sql`
    insert into session (token_hash, user_id, organization_id, created_at, expires_at)
    values (${session.hash}, ${id}, ${organizationId}, ${now}, ${new Date(now.getTime() + 3600_000)})`.execute(db);
  await sql`
    insert into api_token (id, organization_id, user_id, name, token_hash, created_at)
    values (${randomUUID()}, ${organizationId}, ${id}, 'old', ${token.hash}, ${now})`.execute(db);
  return { session: { cookie: `vedette-session=${session.secret}` }, token: { authorization: `Bearer ${token.secret}` } };
}

it('keeps managers and readers what they were, with passwords, sessions and tokens', async () => {
  await using database = await throwAwayDatabase({ empty: true });
  const { db } = database;
  await migrate(db, Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '016')));
  const organizationId = randomUUID();
  await sql`insert into organization (id, name, created_at) values (${organizationId}, 'Old', ${now})`.execute(db);
  const [manager, reader] = [await insertOld(db, 'manager', organizationId), await insertOld(db, 'reader', organizationId)];
  await migrate(db);
  await using server = await testServer(database);
  server.clock.now = now;
  const ask = async (headers: Record<string, string>, url = '/users') =>
    (await server.app.inject({ url: `/api/v1${url}`, headers })).statusCode;
  for (const headers of [manager.session, manager.token])
    expect([await ask(headers), await ask(headers, '/assets')]).toEqual([200, 200]);
  for (const headers of [reader.session, reader.token])
    expect([await ask(headers), await ask(headers, '/assets')]).toEqual([403, 200]);
  for (const login of ['manager', 'reader']) {
    const reply = await server.app.inject({ method: 'POST', url: '/api/v1/session', payload: { login, password } });
    expect(reply.json()).toMatchObject({ role: login, stage: 'complete', scope: null });
  }
});
