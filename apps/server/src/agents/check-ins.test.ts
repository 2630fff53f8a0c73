import { CheckIn } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openDatabase } from '../db/database.ts';
import { applyDocuments, InventoryMemory } from '../inventory/apply-documents.ts';
import { lockAssets } from '../inventory/asset-ref.ts';
import { readRows } from '../inventory/read-rows.ts';
import { installAgentFixture, checkIn, database, enrolledAgent, organizationId, server } from '../testing/agent-fixture.ts';
import type { TestAgent } from '../testing/test-agent.ts';
import { CheckIns } from './check-ins.ts';

installAgentFixture({ syncDocument, throwAwayDatabase: () => throwAwayDatabase({ forShards: true }) });

const packages = {
  rows: [{ name: 'a', version: '1', architecture: 'all', source: 'a', sourceVersion: '1', state: 'installed' }],
};

/** Check-ins of a process of its own, by a clock of the test; `warned`: what could not be written. */
function otherProcess() {
  const clock = { now: new Date('2026-11-22T12:00:00Z') };
  const warned: unknown[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void warned.push(JSON.parse(line)) }); // what pino has just written
  const checkIns = new CheckIns({ ...server.context, log, clock: () => clock.now });
  return { clock, warned, checkIns };
}

function known({ agentId, assetId, publicKey }: TestAgent) {
  return { organizationId, assetId, id: agentId, publicKey };
}

async function lastSeen({ assetId }: TestAgent): Promise<string | undefined> {
  const row = await database.db.selectFrom('asset').select('lastSeen').where('id', '=', assetId).executeTakeFirst();
  return row?.lastSeen.toISOString();
}

it('waits for no documents that are being stored, holds none up, and writes afterwards when their agents were heard of', async () => {
  const [busy, idle] = [await enrolledAgent(), await enrolledAgent()];
  const { clock, warned, checkIns } = otherProcess();
  const document = CheckIn.parse(checkIn);
  for (const agent of [busy, idle]) await checkIns.take(known(agent), document);
  clock.now = new Date('2026-11-22T12:05:00Z');
  for (const agent of [busy, idle]) await checkIns.take(known(agent), document);
  const second = openDatabase(database.connection);
  const { db } = server.context;
  await db.transaction().execute(async (tx) => {
    const input = syncDocument({ collector: 'dpkg', sequence: 1, ...packages });
    const ref = { organizationId, assetId: busy.assetId, collector: 'dpkg' };
    const inputs = [{ ref, document: input, read: readRows(input), bytes: 100 }];
    const { results } = await applyDocuments(tx, new InventoryMemory(db), inputs, () => new Date('2026-11-22T12:01:00Z'));
    expect(results).toMatchObject([{ outcome: 'accepted' }]);
    // Ends although that transaction does not.
    await checkIns.flush();
    expect(await lastSeen(idle)).toBe('2026-11-22T12:05:00.000Z');
    await second.db.transaction().execute(async (other) => {
      await sql`set local lock_timeout = '1ms'`.execute(other);
      await lockAssets(other, [{ organizationId, assetId: idle.assetId }]);
    });
  });
  await second.close();
  expect(await lastSeen(busy)).toBe('2026-11-22T12:01:00.000Z');
  await checkIns.flush();
  expect(await lastSeen(busy)).toBe('2026-11-22T12:05:00.000Z');
  expect(warned).toEqual([]);
});

it('what is written late takes nothing back that another process heard since', async () => {
  const agent = await enrolledAgent();
  const { clock, checkIns } = otherProcess();
  const said = (rssBytes: number) => CheckIn.parse({ ...checkIn, consumption: { ...checkIn.consumption, rssBytes } });
  await checkIns.take(known(agent), said(1));
  clock.now = new Date('2026-11-22T12:05:00Z');
  await checkIns.take(known(agent), said(2));
  const other = otherProcess();
  other.clock.now = new Date('2026-11-22T12:10:00Z');
  await other.checkIns.take(known(agent), said(3));
  await checkIns.flush();
  const query = database.db.selectFrom('agent').select(['lastCheckIn', 'consumption']).where('id', '=', agent.agentId);
  expect(await query.executeTakeFirst()).toMatchObject({ lastCheckIn: other.clock.now, consumption: { rssBytes: 3 } });
  expect(await lastSeen(agent)).toBe('2026-11-22T12:10:00.000Z');
});
