import type { Sync, SyncDocument, SyncReply } from '@vedette/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { applyDocument } from '../inventory/apply-document.ts';
import { lockKnowledgeShared } from '../knowledge/lock.ts';
import type { KnownAgent } from './store.ts';

/**
 * Takes documents of one agent, each as a whole or not at all. The operating system comes first, because packages are judged by
 * its release. Documents of one asset are taken one request after another.
 */
export async function sync(context: Context, agent: KnownAgent, document: Sync, bytes: number): Promise<SyncReply> {
  const at = context.clock();
  const share = bytes / totalWeight(document.documents);
  const results = new Map<SyncDocument, SyncReply['results'][number]>();
  await context.db.transaction().execute(async (tx) => {
    await lockKnowledgeShared(tx);
    await sql`select pg_advisory_xact_lock(hashtextextended(${agent.assetId}, 0))`.execute(tx);
    const asset = { organizationId: agent.organizationId, assetId: agent.assetId };
    for (const item of [...document.documents].sort((a, b) => rank(a) - rank(b))) {
      results.set(item, await applyDocument(tx, { asset, document: item, at, bytes: Math.round(share * weight(item)) }));
    }
  });
  return { results: document.documents.flatMap((item) => results.get(item) ?? []) };
}

function rank(document: SyncDocument): number {
  return ['os', 'kernel'].indexOf(document.collector) >>> 0;
}

/** Documents of one request share its compressed bytes by the length of their text: an estimate, exact for a single one. */
function weight(document: SyncDocument): number {
  return JSON.stringify(document).length;
}

function totalWeight(documents: readonly SyncDocument[]): number {
  return documents.reduce((sum, document) => sum + weight(document), 0);
}
