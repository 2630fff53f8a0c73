import type { Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';

/** Names an asset in every query: the organization is always part of it. */
export interface AssetRef {
  readonly organizationId: string;
  readonly assetId: string;
}

/** One collector's rows on one asset. */
export interface CollectorRef extends AssetRef {
  readonly collector: string;
}

export type Tx = Transaction<Database>;
