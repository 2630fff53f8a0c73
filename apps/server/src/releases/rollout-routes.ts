import {
  changeRollout,
  type ContentKind,
  getReleaseRules,
  getRollout,
  listAgentUpgrades,
  listRollouts,
  type Rollout,
  setAssetRelease,
  setReleaseRules,
  startRollout,
} from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { changeRolloutState, openRollout } from './change-rollout.ts';
import { listRolloutRows } from './list-rollouts.ts';
import { listUpgrades } from './list-upgrades.ts';
import type { ReleaseDesk } from './release-desk.ts';
import type { ReleaseKeeper } from './release-keeper.ts';
import { judgedAgents, readProgress, toRollout } from './rollout-progress.ts';
import { readRules } from './wishes-store.ts';

interface Parts {
  readonly keeper: ReleaseKeeper;
  readonly desk: ReleaseDesk;
}

/** Roll-outs, rules and pins as people set them. */
export function registerRolloutRoutes(app: FastifyInstance, context: Context, { keeper, desk }: Parts): void {
  const { db, clock, log } = context;

  serve(app, context, listRollouts, async ({ query, caller: { organizationId } }) => {
    const { total, rows, next } = await listRolloutRows(db, organizationId, query);
    const items: Rollout[] = [];
    for (const row of rows) items.push(toRollout(row, await readProgress(db, row, clock())));
    return { total, items, next };
  });

  async function show(organizationId: string, rolloutId: string): Promise<Rollout> {
    const row = await find(organizationId, rolloutId);
    return toRollout(row, await readProgress(db, row, clock()));
  }
  async function find(organizationId: string, rolloutId: string) {
    const row = await rolloutRows(db, organizationId).where('rollout.id', '=', rolloutId).executeTakeFirst();
    if (!row) throw new ApiError('NOT_FOUND', `There is no roll-out ${rolloutId}.`);
    return row;
  }

  serve(app, context, getRollout, ({ params, caller }) => show(caller.organizationId, params.rolloutId));

  serve(app, context, startRollout, async ({ body, caller }) => {
    const { subject, version } = body;
    if (!isPublished(keeper, subject, version)) {
      throw new ApiError('NOT_FOUND', `No signed metadata names version ${version} of ${subject}: publish it first.`);
    }
    const id = await openRollout(db, caller, { input: body, now: clock() });
    desk.forget(caller.organizationId);
    const { organizationId, login } = caller;
    log.info({ audit: 'rollout', organizationId, rolloutId: id, subject, version, by: login }, 'a roll-out was started');
    return show(organizationId, id);
  });

  serve(app, context, changeRollout, async ({ params: { rolloutId }, body: { action, reason }, caller }) => {
    const { organizationId, login } = caller;
    const row = await find(organizationId, rolloutId);
    await changeRolloutState(db, row, { action, reason: reason || `by ${login}`, now: clock() });
    desk.forget(organizationId);
    log.info({ audit: 'rollout', organizationId, rolloutId, action, reason, by: login }, 'a roll-out was changed');
    return show(organizationId, rolloutId);
  });

  serve(app, context, getReleaseRules, async ({ caller }) => ({ rules: await readRules(db, caller.organizationId) }));

  serve(app, context, setReleaseRules, async ({ body: { rules }, caller: { organizationId, userId, login } }) => {
    const row = { rules: JSON.stringify(rules), changedAt: clock(), changedBy: userId };
    await db
      .insertInto('releaseRules')
      .values({ organizationId, ...row })
      .onConflict((conflict) => conflict.column('organizationId').doUpdateSet(row))
      .execute();
    desk.forget(organizationId);
    log.info({ audit: 'release-rules', organizationId, rules: rules.length, by: login }, 'release rules were set');
    return { rules };
  });

  serve(app, context, setAssetRelease, async ({ params: { assetId }, body, caller: { organizationId, login } }) => {
    const asset = await db
      .selectFrom('asset')
      .select('id')
      .where('organizationId', '=', organizationId)
      .where('id', '=', assetId)
      .executeTakeFirst();
    if (!asset) throw new ApiError('NOT_FOUND', `There is no asset ${assetId}.`);
    const change = {
      ...(body.pin === undefined ? {} : { pin: body.pin }),
      ...(body.tags === undefined ? {} : { tags: [...new Set(body.tags)] }),
    };
    const row = await db
      .insertInto('assetRelease')
      .values({ organizationId, assetId, pin: null, ...change })
      .onConflict((conflict) =>
        // Something has to be set, or nothing is returned.
        conflict.columns(['organizationId', 'assetId']).doUpdateSet((row) => ({ pin: row.ref('assetRelease.pin'), ...change })),
      )
      .returning(['pin', 'tags'])
      .executeTakeFirstOrThrow();
    desk.forget(organizationId);
    log.info({ audit: 'asset-release', organizationId, assetId, ...change, by: login }, 'an asset was pinned or tagged');
    return { assetId, ...row };
  });

  serve(app, context, listAgentUpgrades, async ({ query, caller: { organizationId } }) => {
    const { rollout, progress } = query;
    if (rollout === undefined) return listUpgrades(db, { organizationId, query, among: null });
    const so = sql`select asset_id from (${judgedAgents(await find(organizationId, rollout), clock())}) as judged`;
    const among = progress === undefined ? so : sql`${so} where progress = ${progress}`;
    return listUpgrades(db, { organizationId, query, among });
  });
}

function rolloutRows(db: Kysely<Database>, organizationId: string) {
  return db
    .selectFrom('rollout')
    .leftJoin('appUser', 'appUser.id', 'rollout.startedBy')
    .selectAll('rollout')
    .select('appUser.login')
    .where('rollout.organizationId', '=', organizationId);
}

/** For any platform: an agent of another one is simply not told. */
function isPublished(keeper: ReleaseKeeper, subject: 'agent' | ContentKind, version: string): boolean {
  if (subject !== 'agent') return keeper.hasContent(subject, version);
  const targets = Object.values(keeper.published?.code.signed.targets ?? {});
  return targets.some(({ custom }) => custom.kind === 'program' && custom.product === 'agent' && custom.version === version);
}
