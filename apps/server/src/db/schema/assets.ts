import type { Generated, GeneratedAlways } from 'kysely';
import type { NullableDate } from './columns.ts';

/** Assets and what tags say of them. */
export interface AssetTables {
  asset: {
    organizationId: string;
    id: string;
    hostname: string;
    machineId: string;
    os: Generated<string>;
    ecosystem: Generated<string>;
    release: Generated<string>;
    architecture: Generated<string>;
    packages: Generated<number>;
    pendingRestart: Generated<boolean>;
    firstSeen: Date;
    lastSeen: Date;
    lastScan: Date | null;
    /** Small, for sets of assets. */
    number: GeneratedAlways<number>;
  };
  tag: {
    organizationId: string;
    number: GeneratedAlways<number>;
    name: string;
    validFrom: Date;
    validUntil: NullableDate;
    description: string;
    query: string | null;
    criticality: number | null;
    exposure: 'isolated' | 'internal' | 'internet' | null;
    changedBy: string;
  };
}
