import {
  type AssetTag,
  deleteTag,
  listAssetTags,
  type ListedTag,
  listTags,
  maxDefinedTags,
  saveTag,
  type Tag,
  tagAsset,
} from '@vedette/protocol';
import { faultOfTag } from '@vedette/query';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { prepareMeaning, prepareScope } from './prepare-tag.ts';
import {
  changeHandTags,
  countHandTags,
  endTag,
  handTagsOf,
  insertTag,
  loadTags,
  lockTags,
  removeHandTag,
  type TagRow,
} from './store.ts';
import { readAssetScope } from './tag-query.ts';
import { usesOfTags } from './uses-of-tags.ts';

/** Tags: what they mean, and which assets have them. `onChange` hears whose tags changed. */
export function registerTagRoutes(app: FastifyInstance, context: Context, onChange: (organizationId: string) => void): void {
  const { db, clock, log } = context;

  serve(app, context, listTags, async ({ caller: { organizationId } }) => {
    const [tags, byHand, uses] = await Promise.all([
      loadTags(db, organizationId),
      countHandTags(db, organizationId),
      usesOfTags(db, organizationId, clock()),
    ]);
    const defined = new Map(tags.map((tag) => [tag.name, tag]));
    const names = [...new Set([...defined.keys(), ...byHand.keys()])].toSorted();
    const items: ListedTag[] = [];
    for (const name of names) {
      const tag = defined.get(name);
      const assets = tag?.query ? await countAssets(organizationId, tag) : (byHand.get(name) ?? 0);
      items.push({ ...toListed(name, tag), assets, byHand: byHand.get(name) ?? 0, usedBy: uses(name) });
    }
    return { items };
  });

  async function countAssets(organizationId: string, tag: TagRow): Promise<number> {
    const scope = { organizationId, asOf: clock(), silence: context.config.silence };
    const select = await prepareMeaning(db, tag, scope, prepareAssets);
    const assets = select(await context.fleetIndex.current(organizationId));
    const { size } = assets;
    assets.dispose();
    return size;
  }

  serve(app, context, saveTag, async ({ params: { name }, body, caller: { organizationId, login } }) => {
    const now = clock();
    const query = body.query?.trim() || null;
    const meaning = query === null ? null : readAssetScope(query, now);
    if (query !== null && meaning === null) throw new ApiError('BAD_REQUEST', 'body.query: it is empty');
    const tag = { ...body, name, query };
    await db.transaction().execute(async (tx) => {
      await lockTags(tx, organizationId);
      const others = (await loadTags(tx, organizationId)).filter((one) => one.name !== name);
      if (others.length >= maxDefinedTags) {
        throw new ApiError('CONFLICT', `An organization has at most ${maxDefinedTags} tags.`);
      }
      const queries = new Map(others.map((one) => [one.name, one.query === null ? null : readAssetScope(one.query, now)]));
      const fault = faultOfTag(queries.set(name, meaning), name);
      if (fault !== null) throw new ApiError('BAD_REQUEST', `query: ${fault}`);
      await endTag(tx, organizationId, name, now);
      await insertTag(tx, { ...tag, organizationId, validFrom: now, changedBy: login });
    });
    onChange(organizationId);
    log.info({ audit: 'tag', organizationId, tag, by: login }, 'a tag was defined');
    return tag;
  });

  serve(app, context, deleteTag, async ({ params: { name }, caller: { organizationId, login } }) => {
    await db.transaction().execute(async (tx) => {
      await lockTags(tx, organizationId);
      const uses = (await usesOfTags(tx, organizationId, clock()))(name);
      if (uses.length > 0) throw new ApiError('CONFLICT', `The tag ${name} is used by ${uses.slice(0, 10).join(', ')}.`);
      await removeTag(tx, organizationId, name);
    });
    onChange(organizationId);
    log.info({ audit: 'tag-deleted', organizationId, name, by: login }, 'a tag was deleted');
    return { deleted: true as const };
  });

  async function removeTag(tx: Kysely<Database>, organizationId: string, name: string): Promise<void> {
    const byHand = (await countHandTags(tx, organizationId)).has(name);
    const wasDefined = await endTag(tx, organizationId, name, clock());
    if (!wasDefined && !byHand) throw new ApiError('NOT_FOUND', `There is no tag ${name}.`);
    await removeHandTag(tx, organizationId, name);
  }

  serve(app, context, listAssetTags, async ({ params: { assetId }, caller: { organizationId } }) => {
    const byHand = await handTagsOf(db, { organizationId, assetId });
    const index = await context.fleetIndex.current(organizationId);
    const asset = index.table.findId(assetId);
    if (!byHand || asset === undefined) throw new ApiError('NOT_FOUND', `There is no asset ${assetId}.`);
    const tags = await loadTags(db, organizationId);
    const defined = new Map(tags.map((tag) => [tag.name, tag]));
    const scope = { organizationId, asOf: clock(), silence: context.config.silence };
    const items: AssetTag[] = [];
    for (const name of [...new Set([...defined.keys(), ...byHand])].toSorted()) {
      const tag = defined.get(name);
      const select = tag?.query ? await prepareScope(db, tag.query, scope, prepareAssets) : null;
      const assets = select?.(index);
      const fits = assets?.has(asset) ?? false;
      assets?.dispose();
      if (fits || byHand.has(name)) items.push({ ...toTag(name, tag), byHand: byHand.has(name), fits });
    }
    return { items };
  });

  serve(app, context, tagAsset, async ({ params: { assetId }, body, caller: { organizationId, login } }) => {
    const tags = await changeHandTags(db, { organizationId, assetId }, body);
    if (!tags) throw new ApiError('NOT_FOUND', `There is no asset ${assetId}.`);
    onChange(organizationId);
    log.info({ audit: 'asset-tags', organizationId, assetId, ...body, by: login }, 'tags were put on an asset or taken away');
    return { tags };
  });
}

function toTag(name: string, tag: TagRow | undefined): Tag {
  const { description = '', query = null, criticality = null, exposure = null } = tag ?? {};
  return { name, description, query, criticality, exposure };
}

function toListed(name: string, tag: TagRow | undefined): Omit<ListedTag, 'assets' | 'byHand' | 'usedBy'> {
  return {
    ...toTag(name, tag),
    isDefined: tag !== undefined,
    changedAt: tag?.validFrom.toISOString() ?? null,
    changedBy: tag?.changedBy ?? null,
  };
}
