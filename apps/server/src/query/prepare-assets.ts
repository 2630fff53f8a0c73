import type { SilenceLimits } from '@vedette/protocol';
import type { Query } from '@vedette/query';
import type { Kysely } from 'kysely';
import type { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';

/** For whom and when a query is asked. */
export interface QueryScope {
  readonly organizationId: string;
  readonly asOf: Date;
  readonly silence: SilenceLimits;
  /** How many more tags may be looked up. */
  readonly budget?: { tags: number } | undefined;
}

/** Gives a new bitmap of assets by their dense numbers, which the caller disposes; without waiting, as the index asks for. */
export type SelectAssets = (index: OrganizationIndex) => RoaringBitmap32;
/** Handed in: assets are asked for by their detections, and detections by their assets. */
export type PrepareAssets = (db: Kysely<Database>, query: Query, scope: QueryScope) => Promise<SelectAssets>;
