import {
  createSigningKey,
  exportSigningKey,
  importSigningKey,
  type OnlineSigners,
  type PublicKeyFile,
  signerOf,
} from '@vedette/release';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';

export interface OnlineKeys {
  readonly signers: OnlineSigners;
  readonly public: { readonly snapshot: PublicKeyFile; readonly timestamp: PublicKeyFile };
}

/** The keys of snapshot and timestamp from the database, made at first use; several servers that start at once get the same. */
export async function loadOnlineKeys(db: Kysely<Database>): Promise<OnlineKeys> {
  const load = async (role: 'snapshot' | 'timestamp') => {
    const privateKey = exportSigningKey(createSigningKey(role));
    await db
      .insertInto('releaseKey')
      .values({ role, privateKey })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const row = await db.selectFrom('releaseKey').select('privateKey').where('role', '=', role).executeTakeFirstOrThrow();
    return importSigningKey(role, row.privateKey);
  };
  const [snapshot, timestamp] = await Promise.all([load('snapshot'), load('timestamp')]);
  return {
    signers: { snapshot: signerOf(snapshot), timestamp: signerOf(timestamp) },
    public: { snapshot: snapshot.file, timestamp: timestamp.file },
  };
}
