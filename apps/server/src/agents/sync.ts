import type { Sync, SyncDocument, SyncReply } from '@vedette/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { applyDocument, loadSequence } from '../inventory/apply-document.ts';
import { lockKnowledgeShared } from '../knowledge/lock.ts';
import { AgentProblem } from './agent-problem.ts';
import { isDataError } from './database-error.ts';
import type { KnownAgent } from './store.ts';

/**
 * Takes documents of one agent, each as a whole or not at all. The operating system comes first, because packages are judged by
 * its release. Documents of one asset are taken one request after another.
 */
export async function sync(context: Context, agent: KnownAgent, document: Sync, bytes: number): Promise<SyncReply> {
  if (new Set(document.documents.map(({ collector }) => collector)).size < document.documents.length)
    throw new AgentProblem('MALFORMED', 'A request holds one document of a collector.');
  const weights = new Map(document.documents.map((item) => [item, weight(item)]));
  const share = bytes / [...weights.values()].reduce((sum, each) => sum + each, 0);
  const results = new Map<SyncDocument, SyncReply['results'][number]>();
  await context.db.transaction().execute(async (tx) => {
    // Rather tell the agent to come again than hold a connection through a long import.
    await sql`set local lock_timeout = '10s'`.execute(tx);
    await lockKnowledgeShared(tx);
    await sql`select pg_advisory_xact_lock(hashtextextended(${agent.assetId}, 0))`.execute(tx);
    // Behind the locks, so that the changes of an asset bear their times in the order in which they are made.
    const at = context.clock();
    const asset = { organizationId: agent.organizationId, assetId: agent.assetId };
    for (const item of [...document.documents].sort((a, b) => rank(a) - rank(b))) {
      await sql`savepoint document`.execute(tx);
      try {
        const input = { asset, document: item, at, bytes: Math.round(share * (weights.get(item) ?? 0)) };
        results.set(item, await applyDocument(tx, input));
      } catch (error) {
        if (!isDataError(error)) throw error;
        await sql`rollback to savepoint document`.execute(tx);
        context.log.warn({ err: error, collector: item.collector, ...asset }, 'a document cannot be stored');
        const { collector } = item;
        const reason = 'the database cannot hold a value of it';
        results.set(item, { collector, outcome: 'rejected', sequence: await loadSequence(tx, { ...asset, collector }), reason });
      }
    }
  });
  return { results: document.documents.flatMap((item) => results.get(item) ?? []) };
}

function rank(document: SyncDocument): number {
  return ['os', 'kernel'].indexOf(document.collector) >>> 0;
}

/**
 * Documents of one request share its compressed bytes by the length of their texts: an estimate, exact for a single one. Looks only as deep
 * as rows go: what is nested deeper is not checked yet, and could break any recursion.
 */
function weight({ rows, removed }: SyncDocument): number {
  const values = [rows, removed].flatMap(({ constants, columns }) => [constants, ...Object.values(columns)]);
  return values.reduce(
    (sum, column) => Object.values(column).reduce<number>((part, value) => part + 2 + lengthOf(value), sum),
    100,
  );
}

function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + (typeof item === 'string' ? item.length : 1), 0);
  return typeof value === 'string' ? value.length : 4;
}
