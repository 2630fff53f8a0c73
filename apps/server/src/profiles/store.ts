import { ProfileSettings, ProfileUpgrades, SettingsReport, type ProfileInput } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { inOrder, type StoredProfile, withinLimits } from './layers.ts';

type Db = Kysely<Database>;

/** Channel of NOTIFY; the payload is the organization whose profiles changed. */
export const profileChannel = 'vedette_profiles';

/** The strongest first. */
export async function loadProfiles(db: Db, organizationId: string): Promise<StoredProfile[]> {
  const rows = await db.selectFrom('configurationProfile').selectAll().where('organizationId', '=', organizationId).execute();
  return inOrder(
    rows.map(({ id, name, description, priority, query, settings, upgrades, changedAt, changedBy }) => ({
      profileId: id as StoredProfile['profileId'], // ids from our own table
      name,
      description,
      priority,
      query,
      settings: ProfileSettings.parse(withinLimits(settings as Record<string, unknown>)), // an object: it was one when it was saved
      upgrades: ProfileUpgrades.parse(upgrades),
      changedAt: changedAt.toISOString(),
      changedBy,
    })),
  );
}

/** One after the other within an organization: what is checked of all profiles holds when one of them is written. */
export async function lockProfiles(tx: Db, organizationId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`profiles ${organizationId}`}, 0))`.execute(tx);
}

export interface WrittenProfile extends ProfileInput {
  readonly organizationId: string;
  readonly profileId: string;
  readonly changedAt: Date;
  readonly changedBy: string;
}

export async function putProfile(
  tx: Db,
  { profileId, settings, upgrades, organizationId, ...rest }: WrittenProfile,
): Promise<void> {
  const row = { ...rest, settings: JSON.stringify(settings), upgrades: JSON.stringify(upgrades) };
  await tx
    .insertInto('configurationProfile')
    .values({ organizationId, id: profileId, ...row })
    .onConflict((conflict) => conflict.columns(['organizationId', 'id']).doUpdateSet(row))
    .execute();
}

export async function setPriority(
  tx: Db,
  { organizationId, profileId }: Pick<WrittenProfile, 'organizationId' | 'profileId'>,
  change: { readonly priority: number; readonly changedAt: Date; readonly changedBy: string },
): Promise<void> {
  await tx
    .updateTable('configurationProfile')
    .set(change)
    .where('organizationId', '=', organizationId)
    .where('id', '=', profileId)
    .execute();
}

export async function removeProfile(
  tx: Db,
  { organizationId, profileId }: Pick<WrittenProfile, 'organizationId' | 'profileId'>,
): Promise<void> {
  await tx.deleteFrom('configurationProfile').where('organizationId', '=', organizationId).where('id', '=', profileId).execute();
}

/** Tells every process, once the transaction is committed. */
export async function tellOfProfiles(db: Db, organizationId: string): Promise<void> {
  await sql`select pg_notify(${profileChannel}, ${organizationId})`.execute(db);
}

export interface ReportedSettings {
  /** Null where the agent does not say. */
  readonly report: SettingsReport | null;
  readonly reportedAt: Date | null;
}

/** What the newest agent of an asset says of its settings; null where there is no such asset. */
export async function findReport(
  db: Db,
  { organizationId, assetId }: { readonly organizationId: string; readonly assetId: string },
): Promise<ReportedSettings | null> {
  const row = await db
    .selectFrom('asset')
    .leftJoin('agent', (join) =>
      join.onRef('agent.organizationId', '=', 'asset.organizationId').onRef('agent.assetId', '=', 'asset.id'),
    )
    .select(['agent.settings', 'agent.lastCheckIn'])
    .where('asset.organizationId', '=', organizationId)
    .where('asset.id', '=', assetId)
    .orderBy('agent.enrolledAt', (order) => order.desc().nullsLast())
    .limit(1)
    .executeTakeFirst();
  if (!row) return null;
  const report = SettingsReport.safeParse(row.settings);
  return { report: report.data ?? null, reportedAt: row.lastCheckIn };
}
