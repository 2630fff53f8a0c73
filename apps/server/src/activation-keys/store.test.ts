import { randomUUID } from 'node:crypto';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword, verifyPassword } from '../auth/password.ts';
import { newSecret } from '../auth/secret.ts';
import { bootstrap } from '../users/bootstrap.ts';
import { insertActivationKey, revokeActivationKeyOf, useActivationKey } from './store.ts';

const now = new Date('2026-11-22T12:00:00Z');
let test: ThrowAwayDatabase;
let organizationId: string;

beforeAll(async () => {
  test = await throwAwayDatabase();
  await bootstrap(test.db, { now, password: 'long enough' });
  organizationId = (await test.db.selectFrom('organization').select('id').executeTakeFirstOrThrow()).id;
}, 60_000);
afterAll(() => test[Symbol.asyncDispose]());

async function keyWith(change: { maxUses?: number; expiresAt?: Date }) {
  const { hash } = newSecret('vdk');
  const id = randomUUID();
  await insertActivationKey(test.db, {
    id,
    organizationId,
    name: 'k',
    secretHash: hash,
    createdAt: now,
    expiresAt: null,
    maxUses: null,
    ...change,
  });
  return { id, hash };
}

describe('useActivationKey', () => {
  it('gives no more uses than allowed to agents that come at once', async () => {
    const { hash } = await keyWith({ maxUses: 3 });
    const results = await Promise.all(Array.from({ length: 8 }, () => useActivationKey(test.db, hash, now)));
    expect(results.filter((result) => result !== null)).toHaveLength(3);
  });

  it('refuses an expired, a revoked and an unknown key', async () => {
    const revoked = await keyWith({});
    expect(await revokeActivationKeyOf(test.db, organizationId, revoked.id, now)).toBe(true);
    expect(await useActivationKey(test.db, revoked.hash, now)).toBeNull();
    expect(await useActivationKey(test.db, (await keyWith({ expiresAt: now })).hash, now)).toBeNull();
    expect(await useActivationKey(test.db, newSecret('vdk').hash, now)).toBeNull();
  });
});

describe('bootstrap', () => {
  it('makes one administrator and never a second', async () => {
    expect(await bootstrap(test.db, { now })).toBeNull();
  });
});

describe('verifyPassword', () => {
  it.each([
    ['secret', true],
    ['Secret', false],
  ])('answers %s with %s', async (given, expected) => {
    expect(await verifyPassword(given, await hashPassword('secret'))).toBe(expected);
  });
});
