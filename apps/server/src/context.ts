import type { Kysely } from 'kysely';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Database } from './db/schema.ts';
import type { FleetIndex } from './fleet-index/fleet-index.ts';
import type { Sealer } from './sealing/sealer.ts';

/** Signs what agents must be able to believe: answers that carry orders. */
export interface PlatformKey {
  /** Raw Ed25519 public key, 32 bytes, base64. */
  readonly publicKeyBase64: string;
  readonly sign: (text: string) => Buffer;
}

/** What the features share. Handed in everywhere: there is no global state. */
export interface Context {
  readonly config: Config;
  readonly db: Kysely<Database>;
  /** For COPY, which kysely does not know. */
  readonly pool: Pool;
  readonly clock: () => Date;
  readonly log: Logger;
  readonly fleetIndex: FleetIndex;
  readonly platformKey: PlatformKey;
  readonly sealer: Sealer;
  readonly startedAt: Date;
}
