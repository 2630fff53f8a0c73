import { ChannelSettings } from '@vedette/protocol';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Config } from '../config.ts';
import type { Database } from '../db/schema.ts';
import { newKey, readKeys, writeKeys } from './keys.ts';
import { channelPlace, factorPlace } from './sealed-places.ts';
import { type SealedPlace, Sealer } from './sealer.ts';
import { SealingError } from './sealing-error.ts';

type Db = Kysely<Database>;
type Source = Pick<Config, 'secretKeyFile' | 'mayMakeSecretKey' | 'secrets'>;

/**
 * The sealer of this configuration, when the database can be used with it. The first platform on a database makes the key, where it may,
 * and seals what lies there in plain; later plain values are refused. Throws SealingError.
 */
export async function openSealer(db: Db, config: Source): Promise<Sealer> {
  const sealer = new Sealer(() => readKeys(config));
  await db.transaction().execute(async (transaction) => {
    await lockSecrets(transaction);
    const sealing = await findSealing(transaction);
    if (sealing) return requireKey(sealer, sealing.keyId, config);
    if (config.mayMakeSecretKey && readKeys(config).length === 0) writeKeys(config.secretKeyFile, [newKey()]);
    await replaceSecrets(transaction, (value, place) => sealer.seal(value, place));
    await transaction.insertInto('sealing').values({ id: 1, keyId: sealer.keyId }).execute();
  });
  return sealer;
}

/** Which key the secrets of a database are sealed with; null before the first. */
async function findSealing(db: Db): Promise<{ readonly keyId: string } | null> {
  return (await db.selectFrom('sealing').select('keyId').where('id', '=', 1).executeTakeFirst()) ?? null;
}

/** Seals everything anew with the first key. Returns how many values there were. Throws SealingError, and then nothing was changed. */
export async function sealAnew(db: Db, sealer: Sealer): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    await lockSecrets(transaction);
    const counted = await replaceSecrets(transaction, (value, place) => sealer.seal(sealer.open(value.toString(), place), place));
    const { keyId } = sealer;
    await transaction
      .insertInto('sealing')
      .values({ id: 1, keyId })
      .onConflict((on) => on.column('id').doUpdateSet({ keyId }))
      .execute();
    return counted;
  });
}

/**
 * Gives up what nobody can open any more: channels lose their secret and are switched off, programs that show codes are no second factor any
 * more. The next start makes a new key, or takes the one that is set.
 */
export async function forgetSecrets(db: Db): Promise<{ readonly channels: number; readonly factors: number }> {
  return db.transaction().execute(async (transaction) => {
    await lockSecrets(transaction);
    const problem = 'The key of its secret was lost. Set the secret anew and switch the channel on.';
    const channels = await transaction
      .updateTable('notificationChannel')
      .set({ secret: null, enabled: false, problem })
      .where('secret', 'is not', null)
      .executeTakeFirst();
    const factors = await transaction.deleteFrom('secondFactor').where('kind', '=', 'totp').executeTakeFirst();
    await transaction.updateTable('session').set({ challenge: null, challengeAt: null }).execute();
    await transaction.deleteFrom('sealing').execute();
    return { channels: Number(channels.numUpdatedRows), factors: Number(factors.numDeletedRows) };
  });
}

function requireKey(sealer: Sealer, keyId: string, { secretKeyFile, secrets }: Source): void {
  if (sealer.has(keyId)) return;
  const where = secrets.secretKey === undefined ? secretKeyFile : 'VEDETTE_SECRET_KEY';
  const message = [
    `The secrets in the database were sealed with the key ${keyId}, which ${where} does not hold.`,
    'Several processes on one database: give all of them the same key, by VEDETTE_SECRET_KEY_FILE or VEDETTE_SECRET_KEY; the first process has written it to secret.key in its data directory.',
    'Moved or restored: bring the key file along from where the platform was.',
    'Lost for good: `npm run forget-secrets -- --yes` gives up the secrets of notification channels and the codes of authenticator programs; all else stays.',
  ].join('\n');
  throw new SealingError('KEY_MISSING', message);
}

/** One process at a time; it lasts as long as the transaction. */
async function lockSecrets(transaction: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('sealed secrets', 0))`.execute(transaction);
}

/** Every value there is; rows that others change meanwhile wait. */
async function replaceSecrets(
  transaction: Transaction<Database>,
  replace: (value: Buffer, place: SealedPlace) => string,
): Promise<number> {
  const channels = await transaction
    .selectFrom('notificationChannel')
    .selectAll()
    .where('secret', 'is not', null)
    .forUpdate()
    .execute();
  for (const { organizationId, id, settings, secret } of channels) {
    const place = channelPlace({ organizationId, id, settings: ChannelSettings.parse(settings) });
    const sealed = replace(Buffer.from(secret ?? ''), place);
    await sql`update notification_channel set secret = ${sealed} where id = ${id}`.execute(transaction);
  }
  const factors = await transaction.selectFrom('secondFactor').selectAll().where('kind', '=', 'totp').forUpdate().execute();
  for (const factor of factors) {
    const key = Buffer.from(replace(factor.key, factorPlace(factor)));
    await transaction.updateTable('secondFactor').set({ key }).where('id', '=', factor.id).execute();
  }
  return channels.length + factors.length;
}
