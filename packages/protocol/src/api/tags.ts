import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { AssetId, Instant } from '../ids.ts';
import { WholeList } from './paging.ts';

export const TagName = z.string().regex(/^[a-z0-9][a-z0-9:._-]{0,63}$/, 'lower-case letters, digits and : . _ - only');

/** From where an asset can be reached; of an asset with several tags the widest counts. */
export const Exposure = z.enum(['isolated', 'internal', 'internet']);
export type Exposure = z.infer<typeof Exposure>;

/** What a loss of the asset would mean: 1 nothing, 5 the business stands still. Of an asset with several tags the highest counts. */
export const Criticality = z.int().min(1).max(5);

/** A name for assets: those that fit its query, and those that it was put on by hand. */
export const Tag = z.object({
  name: TagName,
  description: z.string().max(500).default(''),
  query: z
    .string()
    .max(4096)
    .nullable()
    .default(null)
    .meta({ description: 'About assets, in the query language; null: by hand alone' }),
  criticality: Criticality.nullable().default(null),
  exposure: Exposure.nullable().default(null),
});
export type Tag = z.infer<typeof Tag>;

export const ListedTag = Tag.extend({
  isDefined: z.boolean().meta({ description: 'False: it is on assets, but nobody said what it means' }),
  assets: z.int().min(0).meta({ description: 'On how many it is now' }),
  byHand: z.int().min(0).meta({ description: 'On how many it was put by hand' }),
  changedAt: Instant.nullable(),
  changedBy: z.string().nullable(),
  usedBy: z.array(z.string()).meta({ description: 'What would no longer mean the same without it, in words' }),
});
export type ListedTag = z.infer<typeof ListedTag>;

export const listTags = endpoint({
  name: 'listTags',
  summary: 'Tags, with what they mean and on how many assets they are.',
  method: 'GET',
  path: '/tags',
  permission: 'tag:read',
  query: WholeList,
  reply: z.object({ items: z.array(ListedTag) }),
});

/** So many may be defined in an organization. */
export const maxDefinedTags = 500;

export const saveTag = endpoint({
  name: 'saveTag',
  summary: 'Say what a tag means: a query, a criticality, an exposure. What it meant before is kept for views of the past.',
  method: 'POST',
  path: '/tags/:name',
  permission: 'tag:write',
  params: z.object({ name: TagName }),
  body: Tag.omit({ name: true }),
  reply: Tag,
  errors: ['BAD_REQUEST', 'CONFLICT'],
});

export const deleteTag = endpoint({
  name: 'deleteTag',
  summary: 'Take a tag away from everywhere. Refused while something uses it.',
  method: 'DELETE',
  path: '/tags/:name',
  permission: 'tag:write',
  params: z.object({ name: TagName }),
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND', 'CONFLICT'],
});

/** A tag of one asset, and why it is there. */
export const AssetTag = Tag.extend({
  byHand: z.boolean().meta({ description: 'Somebody put it there' }),
  fits: z.boolean().meta({ description: 'The asset fits its query' }),
});
export type AssetTag = z.infer<typeof AssetTag>;

export const listAssetTags = endpoint({
  name: 'listAssetTags',
  summary: 'Tags that an asset has now, by their query or by hand.',
  method: 'GET',
  path: '/assets/:assetId/tags',
  permission: 'tag:read',
  params: z.object({ assetId: AssetId }),
  query: WholeList,
  reply: z.object({ items: z.array(AssetTag) }),
  errors: ['NOT_FOUND'],
});

export const tagAsset = endpoint({
  name: 'tagAsset',
  summary: 'Put tags on an asset by hand, or take them away.',
  method: 'POST',
  path: '/assets/:assetId/tags',
  permission: 'tag:write',
  params: z.object({ assetId: AssetId }),
  body: z.object({ add: z.array(TagName).max(32).default([]), remove: z.array(TagName).max(32).default([]) }),
  reply: z.object({ tags: z.array(z.string()).meta({ description: 'Those by hand' }) }),
  errors: ['NOT_FOUND', 'BAD_REQUEST'],
});
