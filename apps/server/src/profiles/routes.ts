import { randomUUID } from 'node:crypto';
import {
  type ChangedProfile,
  changeProfile,
  createProfile,
  deleteProfile,
  getAssetSettings,
  listProfiles,
  maxProfiles,
  orderProfiles,
  previewProfile,
  type Profile,
  type ProfileInput,
} from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import type { Caller } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { outsideScope } from '../db/asset-scope.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { unlessUnavailable } from '../http/unless-unavailable.ts';
import type { ReleaseDesk } from '../releases/release-desk.ts';
import { readAssetScope } from '../tags/tag-query.ts';
import { explainProfiles, explainUpgrades, type HoldingRule, mergeProfiles, type StoredProfile } from './layers.ts';
import { previewDifference } from './preview.ts';
import { selectAssets } from './select-assets.ts';
import { findReport, loadProfiles, lockProfiles, putProfile, removeProfile, setPriority, tellOfProfiles } from './store.ts';

/** Configuration profiles as people make them, and what is in force by them. */
export function registerProfileRoutes(app: FastifyInstance, context: Context, releases: Pick<ReleaseDesk, 'rulesOf'>): void {
  const { db, clock } = context;

  serve(app, context, listProfiles, async ({ caller: { organizationId } }) => {
    const profiles = await loadProfiles(db, organizationId);
    return { items: profiles.length === 0 ? [] : await countAssets(organizationId, profiles) };
  });

  async function countAssets(organizationId: string, profiles: readonly StoredProfile[]): Promise<Profile[]> {
    using selection = await selectAssets(context, { organizationId }, profiles);
    const whole = selection.index.table.all.size;
    return profiles.map((profile, at) => ({ ...profile, assets: selection.sets[at]?.size ?? whole }));
  }

  /** After they were stored: without how many assets they are for where the fleet index cannot say. */
  async function listStored(organizationId: string): Promise<ChangedProfile[]> {
    const profiles = await loadProfiles(db, organizationId);
    const counted = await unlessUnavailable(countAssets(organizationId, profiles));
    return counted ?? profiles.map((profile) => ({ ...profile, assets: null }));
  }

  async function showStored(organizationId: string, profileId: string): Promise<ChangedProfile> {
    const profile = (await listStored(organizationId)).find((one) => one.profileId === profileId);
    if (!profile) throw new ApiError('CONFLICT', 'The profile was removed at the same moment.');
    return profile;
  }

  /** Does something to the profiles of an organization that nobody else changes meanwhile, and tells everybody. */
  async function change<Result>(
    { organizationId }: Caller,
    task: (tx: Kysely<Database>, profiles: StoredProfile[]) => Promise<Result>,
  ): Promise<Result> {
    return db.transaction().execute(async (tx) => {
      await lockProfiles(tx, organizationId);
      const done = await task(tx, await loadProfiles(tx, organizationId));
      await tellOfProfiles(tx, organizationId);
      return done;
    });
  }

  async function save(
    caller: Caller,
    { profileId, profile }: { readonly profileId: string | null; readonly profile: ProfileInput },
  ): Promise<{ readonly id: string; readonly before: StoredProfile | null }> {
    const read = readProfile(profile, clock());
    return change(caller, async (tx, profiles) => {
      const before = profileId === null ? null : findIn(profiles, profileId);
      refuse(profiles, read, profileId);
      const id = profileId ?? randomUUID();
      const { organizationId, login } = caller;
      await putProfile(tx, { ...read, organizationId, profileId: id, changedAt: clock(), changedBy: login });
      return { id, before };
    });
  }

  serve(app, context, createProfile, async ({ body, caller, note }) => {
    const { id } = await save(caller, { profileId: null, profile: body });
    note({ profileId: id });
    return showStored(caller.organizationId, id);
  });

  serve(app, context, changeProfile, async ({ params: { profileId }, body, caller, note }) => {
    const { before } = await save(caller, { profileId, profile: body });
    note({ before });
    return showStored(caller.organizationId, profileId);
  });

  serve(app, context, deleteProfile, async ({ params: { profileId }, caller, note }) => {
    await change(caller, async (tx, profiles) => {
      note({ before: findIn(profiles, profileId) });
      await removeProfile(tx, { organizationId: caller.organizationId, profileId });
    });
    return { deleted: true as const };
  });

  serve(app, context, orderProfiles, async ({ body: { profileIds }, caller, note }) => {
    const { organizationId, login } = caller;
    await change(caller, async (tx, profiles) => {
      const ordered = profiles.filter(({ query }) => query !== null);
      const wanted = new Set<string>(profileIds);
      if (
        wanted.size !== profileIds.length ||
        wanted.size !== ordered.length ||
        ordered.some((one) => !wanted.has(one.profileId))
      )
        throw new ApiError(
          'CONFLICT',
          'The order does not name each profile once; somebody may have made or removed one meanwhile.',
        );
      note({ before: ordered.map(({ profileId, priority }) => ({ profileId, priority })) });
      for (const [at, profileId] of profileIds.entries()) {
        const priority = (profileIds.length - at) * 10;
        if (ordered.find((one) => one.profileId === profileId)?.priority === priority) continue;
        await setPriority(tx, { organizationId, profileId }, { priority, changedAt: clock(), changedBy: login });
      }
    });
    return { items: await listStored(organizationId) };
  });

  serve(app, context, previewProfile, async ({ body: { profileId, profile }, caller: { organizationId, login } }) => {
    const before = await loadProfiles(db, organizationId);
    if (profileId !== undefined) findIn(before, profileId);
    const read = profile && readProfile(profile, clock());
    if (read) refuse(before, read, profileId ?? null);
    const changed = { changedAt: clock().toISOString(), changedBy: login };
    const id = (profileId ?? randomUUID()) as StoredProfile['profileId']; // just made
    const added = read && { ...read, profileId: id, ...changed };
    return previewDifference(context, organizationId, { before, added, removed: profileId ?? null });
  });

  serve(app, context, getAssetSettings, async ({ params: { assetId }, caller: { organizationId } }) => {
    const found = await findReport(db, { organizationId, assetId });
    if (!found) throw new ApiError('NOT_FOUND', `There is no asset ${assetId}.`);
    const profiles = await loadProfiles(db, organizationId);
    const layers = await layersOf(organizationId, assetId, profiles);
    // What the desk keeps is for everybody.
    const rules: HoldingRule[] = await outsideScope(() => releases.rulesOf(organizationId, assetId));
    const { report, reportedAt } = found;
    const isApplied = report?.digest === mergeProfiles(layers).digest;
    return {
      settings: explainProfiles(layers, report),
      upgrades: explainUpgrades(rules, layers),
      profiles: layers.map(({ profileId, name }) => ({ profileId, name })),
      state: report === null ? ('unreported' as const) : isApplied ? ('applied' as const) : ('pending' as const),
      reportedAt: reportedAt?.toISOString() ?? null,
    };
  });

  async function layersOf(organizationId: string, assetId: string, profiles: readonly StoredProfile[]): Promise<StoredProfile[]> {
    if (profiles.every(({ query }) => query === null)) return [...profiles];
    using selection = await selectAssets(context, { organizationId, within: assetId }, profiles);
    return profiles.filter(({ query }, at) => query === null || selection.sets[at]?.isEmpty === false);
  }
}

/** Throws ApiError BAD_REQUEST for a query that cannot be understood. */
function readProfile(profile: ProfileInput, now: Date): ProfileInput {
  const query = profile.query?.trim() ?? null;
  if (query !== null && (query === '' || readAssetScope(query, now) === null))
    throw new ApiError('BAD_REQUEST', 'body.query: it is empty');
  return { ...profile, query };
}

function findIn(profiles: readonly StoredProfile[], profileId: string): StoredProfile {
  const found = profiles.find((one) => one.profileId === profileId);
  if (!found) throw new ApiError('NOT_FOUND', `There is no profile ${profileId}.`);
  return found;
}

/** Throws ApiError CONFLICT where this cannot stand beside the others. */
function refuse(profiles: readonly StoredProfile[], { name, query }: ProfileInput, profileId: string | null): void {
  const others = profiles.filter((one) => one.profileId !== profileId);
  if (others.length >= maxProfiles) throw new ApiError('CONFLICT', `An organization has at most ${maxProfiles} profiles.`);
  if (others.some((one) => one.name === name)) throw new ApiError('CONFLICT', `There is a profile "${name}" already.`);
  const byDefault = others.find((one) => one.query === null);
  if (query === null && byDefault)
    throw new ApiError('CONFLICT', `The profile "${byDefault.name}" is the default already: give this one a query.`);
}
