import type { ClientBase } from 'pg';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { parseKeys, readKeys, writeKeys } from '../sealing/keys.ts';

/** What opens the secrets of a backup. `key`: itself, where the platform has made it; one that was handed in is its owner's to keep. */
export const BackupKey = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/), key: z.string().max(100).optional() });
export type BackupKey = z.infer<typeof BackupKey>;

export type KeySource = Pick<Config, 'secretKeyFile' | 'mayMakeSecretKey' | 'secrets'>;

/** Of the moment that the client reads. Null where nothing is sealed, as before 027-sealed-secrets. Throws SealingError KEY_INVALID. */
export async function keyForBackup(client: ClientBase, source: KeySource): Promise<BackupKey | null> {
  const { rows: tables } = await client.query<{ there: boolean }>(`select to_regclass('public.sealing') is not null as there`);
  if (tables[0]?.there !== true) return null;
  const { rows } = await client.query<{ id: string }>('select key_id as id from sealing');
  const id = rows[0]?.id;
  if (id === undefined) return null;
  const own = source.mayMakeSecretKey ? readKeys(source).find((one) => one.id === id) : undefined;
  return { id, ...(own ? { key: own.key.toString('base64') } : {}) };
}

/** Puts the key of a backup beside those that are here. Returns the id of a key that is needed and is not here. Throws SealingError. */
export function takeBackupKey({ id, key }: BackupKey, source: KeySource): string | null {
  const here = readKeys(source);
  if (here.some((one) => one.id === id)) return null;
  if (key === undefined || !source.mayMakeSecretKey) return id;
  const brought = parseKeys([key], 'the backup').filter((one) => one.id === id);
  if (brought.length === 0) return id;
  writeKeys(source.secretKeyFile, [...here, ...brought]);
  return null;
}
