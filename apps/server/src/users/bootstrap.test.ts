import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyPassword } from '../auth/password.ts';
import { bootstrap } from './bootstrap.ts';
import { findUserByLogin } from './store.ts';

let test: ThrowAwayDatabase;
const now = new Date('2026-11-22T12:00:00Z');
beforeAll(async () => {
  test = await throwAwayDatabase();
}, 60_000);
afterAll(() => test[Symbol.asyncDispose]());

async function hashOfAdmin(): Promise<string> {
  return (await findUserByLogin(test.db, 'admin'))?.passwordHash ?? '';
}

describe('bootstrap', () => {
  it('makes an administrator once, and renews the password only when told to, ending all sessions', async () => {
    await bootstrap(test.db, { now, password: 'the first password' });
    expect(await bootstrap(test.db, { now, password: 'another password' })).toBeNull();
    expect(await verifyPassword('the first password', await hashOfAdmin())).toBe(true);

    const { id: userId, organizationId } = (await findUserByLogin(test.db, 'admin'))!; // made above
    const session = { tokenHash: Buffer.alloc(32), userId, organizationId, createdAt: now, expiresAt: now };
    await test.db.insertInto('session').values(session).execute();
    const factor = {
      id: userId,
      organizationId,
      userId,
      kind: 'totp' as const,
      name: 'lost',
      key: Buffer.alloc(20),
      createdAt: now,
    };
    await test.db.insertInto('secondFactor').values(factor).execute();
    expect(await bootstrap(test.db, { now, password: 'the new password', renew: true })).toMatchObject({ login: 'admin' });
    expect(await verifyPassword('the first password', await hashOfAdmin())).toBe(false);
    expect(await verifyPassword('the new password', await hashOfAdmin())).toBe(true);
    expect(await test.db.selectFrom('session').selectAll().execute()).toEqual([]);
    expect(await test.db.selectFrom('secondFactor').selectAll().execute()).toEqual([]);
  });
});
