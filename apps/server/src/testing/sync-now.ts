import type { Sync, SyncReply } from '@vedette/protocol';
import { pino } from 'pino';
import { Ingest } from '../agents/ingest.ts';
import type { Context } from '../context.ts';
import type { AssetRef } from '../inventory/asset-ref.ts';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';

/** Takes documents of one asset, and judges what is new of them before it returns. */
export async function syncNow(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  { organizationId, assetId }: AssetRef,
  { documents }: Sync,
): Promise<SyncReply> {
  const log = pino({ level: 'silent' });
  const ingest = new Ingest({ db, clock, log, onUnjudged: () => undefined });
  const results = await ingest.take({ organizationId, assetId }, documents, 1000);
  await judgeUnjudged(db);
  return { results };
}
