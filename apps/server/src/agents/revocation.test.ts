import { agentPaths } from '@vedette/protocol';
import { eventually, syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import { agent, checkIn, database, installAgentFixture, organizationId, server, user, users } from '../testing/agent-fixture.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from '../testing/test-server.ts';

installAgentFixture({ throwAwayDatabase, syncDocument });

const refused = { status: 401, authentic: true, json: { code: 'UNKNOWN_AGENT' } };

async function revoke(at: TestServer, { role = 'manager' as 'manager' | 'reader', assetId = agent.assetId, own = true } = {}) {
  const { headers } = await testCaller(at, own ? { organizationId, role } : { role });
  return (await at.app.inject({ method: 'DELETE', url: `/api/v1/assets/${assetId}/agent`, headers })).statusCode;
}

/** The same agent, as it speaks with another process. */
function at(other: TestServer): TestAgent {
  const { key, agentId, assetId } = agent;
  return Object.assign(new TestAgent(other), { key, agentId, assetId });
}

/** Connections on which a process hears of changes. */
async function ears(): Promise<number> {
  const { rows } = await server.context.pool.query(
    `select from pg_stat_activity where datname = current_database() and query like 'listen %'`,
  );
  return rows.length;
}

/** Kills the connection on which a process hears of changes; the next one comes after a second. */
async function deafen(): Promise<void> {
  const { rows } = await server.context.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen %'`,
  );
  expect(rows.length).toBeGreaterThan(0);
}

describe('the key of an agent that is revoked at one process', () => {
  it('is refused at another that knew it, within seconds, for every request', async () => {
    await using other = await testServer(database);
    await other.app.ready();
    const there = at(other);
    expect(await there.post(agentPaths.checkIn, checkIn)).toMatchObject({ status: 200 });
    expect(await revoke(server)).toBe(200);
    await eventually('the other process hears of it', 5000, async () =>
      (await there.post(agentPaths.checkIn, checkIn)).status === 401 ? true : null,
    );
    for (const who of [there, agent]) {
      expect(await who.post(agentPaths.checkIn, checkIn)).toMatchObject(refused);
      expect(await who.post(agentPaths.sync, { documents: [users(user('intruder'))] })).toMatchObject(refused);
      expect(await who.post(agentPaths.orders, { waitSeconds: 0, answers: [] })).toMatchObject(refused);
    }
    // Nor does it help to register the same key once more, with an activation key that is good.
    const again = await there.enroll(await testActivationKey(server, organizationId));
    expect(again).toMatchObject({ status: 403, json: { code: 'ACTIVATION_KEY_REFUSED' } });
    // Twice does no harm.
    expect(await revoke(server)).toBe(200);
  });

  it('takes no order to an intruder who waits for one at another process', async () => {
    await using other = await testServer(database);
    await other.app.ready();
    const there = at(other);
    const held = Array.from({ length: 5 }, () => there.post(agentPaths.orders, { waitSeconds: 50, answers: [] }));
    // Four may wait; when the fifth is sent away, they do.
    expect(await Promise.race(held)).toMatchObject({ status: 200, json: { orders: [] } });
    expect(await revoke(server)).toBe(200);
    const { headers } = await testCaller(server, { organizationId });
    await server.app.inject({ method: 'POST', url: `/api/v1/assets/${agent.assetId}/scans`, headers });
    expect((await Promise.all(held)).map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401, 401, 401, 401]);
  });

  it('is refused by a process that was deaf when it was revoked', async () => {
    expect(await agent.post(agentPaths.checkIn, checkIn)).toMatchObject({ status: 200 });
    // As an operator would in an emergency, without any process: nobody is told.
    await database.db.updateTable('agent').set({ revokedAt: new Date() }).where('id', '=', agent.agentId).execute();
    expect(await agent.post(agentPaths.checkIn, checkIn)).toMatchObject({ status: 200 });
    await deafen();
    await eventually('it asks the database', 10_000, async () =>
      (await agent.post(agentPaths.checkIn, checkIn)).status === 401 ? true : null,
    );
  });

  it('concerns no process that serves no agents, and none of its connections', async () => {
    await using other = await testServer(database, { role: 'api' });
    const before = await ears();
    await other.app.ready();
    expect(await ears()).toBe(before);
    expect(await revoke(other)).toBe(200);
    await eventually('the other process hears of it', 5000, async () =>
      (await agent.post(agentPaths.checkIn, checkIn)).status === 401 ? true : null,
    );
  });

  it.each([
    ['a reader may not', { role: 'reader' as const }, 403],
    ['another organization finds nothing', { own: false }, 404],
    ['of an asset that is none', { assetId: '00000000-0000-4000-8000-000000000000' }, 404],
  ])('%s', async (_, change, status) => {
    expect(await revoke(server, change)).toBe(status);
    expect(await agent.post(agentPaths.checkIn, checkIn)).toMatchObject({ status: 200 });
  });
});
