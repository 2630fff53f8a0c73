import type { Generated, GeneratedAlways } from 'kysely';
import type { Json, NullableJson } from './columns.ts';

/** What agents report. */
export interface InventoryTables {
  collectorState: {
    organizationId: string;
    assetId: string;
    collector: string;
    version: number;
    sequence: number;
    digest: string;
    status: string;
    problem: string | null;
    rowCount: number;
    changedAt: Date;
    lastBytes: number;
    snapshotBytes: number;
    /** The rows, packed against a base; null for packages, and for facts that are still in fact_row. */
    factBase: number | null;
    facts: Buffer | null;
  };
  factBase: { number: GeneratedAlways<number>; collector: string; hash: Buffer; content: Buffer; createdAt: Date };
  /** Facts as releases before the packing kept them. */
  factRow: { organizationId: string; assetId: string; collector: string; rowKey: string; rowHash: Buffer; body: Json };
  factChange: {
    organizationId: string;
    assetId: string;
    collector: string;
    sequence: number;
    at: Date;
    /** What changed, packed. Older entries say so in `added` and `removed`. */
    factBase: number | null;
    packed: Buffer | null;
    added: NullableJson;
    removed: NullableJson;
  };
  packageVersion: {
    id: GeneratedAlways<number>;
    ecosystem: string;
    release: string;
    role: PackageRole;
    name: string;
    version: string;
    architecture: string;
    source: string;
    sourceVersion: string;
    state: string;
    versionKey: Buffer | null;
    rowHash: Buffer;
    /** MODULARITYLABEL of an rpm; empty for none. */
    module: Generated<string>;
  };
  packageSet: { setHash: Buffer; ids: number[] };
  inventory: { organizationId: string; assetId: string; collector: string; setHash: Buffer; added: number[]; removed: number[] };
  inventoryChange: {
    organizationId: string;
    assetId: string;
    collector: string;
    change: number;
    at: Date;
    added: number[];
    removed: number[];
  };
}

export type PackageRole = 'installed' | 'running' | 'dormant';
