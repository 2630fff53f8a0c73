import { compileTest, type Field, type Test } from '@vedette/query';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { parseNumbers } from '../fleet-index/read-histories.ts';
import { ApiError } from '../http/api-error.ts';
import type { PrepareAssets, QueryScope, SelectAssets } from '../query/prepare-assets.ts';
import { testCondition } from '../query/test-condition.ts';
import { loadTags } from './store.ts';
import { readAssetScope } from './tag-query.ts';

const tagField = { name: 'tag', type: 'keyword', describes: '', example: '' } as const;
/** So many tags one query may lead to, also through others. */
export const maxTags = 100;

/**
 * Assets with a tag whose name passes: by hand or by the tag's own query. Throws ApiError BAD_REQUEST where that would be too much, a
 * tag that depends on itself included.
 */
export async function prepareTag(
  db: Kysely<Database>,
  { field, test }: { readonly field: Field; readonly test: Test },
  scope: QueryScope,
  prepareAssets: PrepareAssets,
): Promise<SelectAssets> {
  const passes = compileTest(test);
  const budget = scope.budget ?? { tags: maxTags };
  const selects = [await prepareByHand(db, { field, test }, scope)];
  for (const { name, query } of await loadTags(db, scope.organizationId)) {
    if (query === null || !passes(name)) continue;
    budget.tags -= 1;
    if (budget.tags < 0) throw new ApiError('BAD_REQUEST', `query: it leads to more than ${maxTags} tags`);
    selects.push(await prepareScope(db, query, { ...scope, budget }, prepareAssets));
  }
  return (index) => union(index, selects);
}

/** Assets that have a tag by hand, or fit this query of it, which may be one of the past. */
export async function prepareMeaning(
  db: Kysely<Database>,
  { name, query }: { readonly name: string; readonly query: string | null },
  scope: QueryScope,
  prepareAssets: PrepareAssets,
): Promise<SelectAssets> {
  const selects = [await prepareByHand(db, { field: tagField, test: { is: 'equal', value: name } }, scope)];
  if (query !== null) selects.push(await prepareScope(db, query, scope, prepareAssets));
  return (index) => union(index, selects);
}

function union(index: OrganizationIndex, selects: readonly SelectAssets[]): RoaringBitmap32 {
  const all = new RoaringBitmap32();
  for (const select of selects) {
    const assets = select(index);
    all.orInPlace(assets);
    assets.dispose();
  }
  return all;
}

/** Assets that fit the query of a tag or an exception; an empty one fits all. */
export async function prepareScope(
  db: Kysely<Database>,
  text: string,
  scope: QueryScope,
  prepareAssets: PrepareAssets,
): Promise<SelectAssets> {
  const query = readAssetScope(text, scope.asOf);
  return query ? prepareAssets(db, query, scope) : ({ table }) => new RoaringBitmap32(table.all);
}

async function prepareByHand(
  db: Kysely<Database>,
  { field, test }: { readonly field: Field; readonly test: Test },
  { organizationId }: QueryScope,
): Promise<SelectAssets> {
  const { rows } = await sql<{ numbers: string }>`
    select coalesce(array_agg(number), '{}')::text as numbers from asset
    join asset_release on asset_release.organization_id = asset.organization_id and asset_id = asset.id
    where asset.organization_id = ${organizationId} and exists (
      select from unnest(tags) as tag where ${testCondition(sql.ref('tag'), field, test)})`.execute(db);
  const numbers = parseNumbers(rows[0]?.numbers ?? '{}');
  return ({ table }) => new RoaringBitmap32(numbers.flatMap((number) => table.find(number) ?? []));
}
