import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { PlatformKey } from './context.ts';
import type { Database } from './db/schema.ts';

/** The platform's Ed25519 key from the database, made at first use; several servers that start at once get the same. */
export async function loadPlatformKey(db: Kysely<Database>): Promise<PlatformKey> {
  const made = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
  await db
    .insertInto('platformKey')
    .values({ id: 1, privateKey: made })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db.selectFrom('platformKey').select('privateKey').where('id', '=', 1).executeTakeFirstOrThrow();
  const key = createPrivateKey({ key: row.privateKey, format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return {
    publicKeyBase64: Buffer.from(x ?? '', 'base64url').toString('base64'),
    sign: (text) => sign(null, Buffer.from(text), key),
  };
}
