import { agentPaths, endpoints, type AssetOrder } from '@vedette/protocol';
import { eventually, syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import {
  agent,
  checkIn,
  database,
  enrolledAgent,
  installAgentFixture,
  organizationId,
  server,
} from '../testing/agent-fixture.ts';
import { testCaller, testServer } from '../testing/test-server.ts';

installAgentFixture({ throwAwayDatabase, syncDocument });

const path = (assetId: string): string => `/api/v1/assets/${assetId}/scans`;

async function order(assetId = agent.assetId, at = server) {
  const { headers } = await testCaller(at, { organizationId });
  const reply = await at.app.inject({ method: 'POST', url: path(assetId), headers });
  return { status: reply.statusCode, order: reply.json<AssetOrder>(), headers };
}

async function stateOf({ orderId }: AssetOrder): Promise<AssetOrder> {
  const { headers } = await testCaller(server, { organizationId });
  return (await server.app.inject({ url: `/api/v1/assets/${agent.assetId}/orders/${orderId}`, headers })).json();
}

const ask = (waitSeconds: number, answers: object[] = []) => agent.post(agentPaths.orders, { waitSeconds, answers });
const answer = (given: AssetOrder, state: string) => ({
  orderId: given.orderId,
  state,
  at: '2026-11-22T12:00:00Z',
  detail: 'said so',
});

describe('orders', () => {
  it('go to the agent that waits, signed, and its answers come back', async () => {
    const held = ask(50);
    await eventually('somebody waits', 5000, async () => ((await order()).status === 200 ? true : null));
    const reply = await held;
    expect(reply).toMatchObject({ status: 200, authentic: true });
    const [given] = reply.json['orders'] as AssetOrder[];
    expect(given).toMatchObject({ kind: 'scan', assetId: agent.assetId });
    if (!given) throw new Error('no order');
    expect(await stateOf(given)).toMatchObject({ state: 'delivered' });
    await ask(0, [answer(given, 'running')]);
    expect(await stateOf(given)).toMatchObject({ state: 'running', finishedAt: null });
    await ask(0, [answer(given, 'done')]);
    expect(await stateOf(given)).toMatchObject({ state: 'done', detail: 'said so', finishedAt: '2026-11-22T12:00:00.000Z' });
    await ask(0, [answer(given, 'failed')]);
    expect(await stateOf(given)).toMatchObject({ state: 'done' });
  });

  it('are heard of by an agent that waits at another process', async () => {
    await using other = await testServer(database);
    await other.app.ready();
    const held = ask(50);
    const { order: given } = await order(agent.assetId, other);
    const { json } = await held;
    expect(json).toMatchObject({ orders: [{ orderId: given.orderId }] });
  });

  it('are also in the reply to a check-in, and not in the next at once', async () => {
    const { order: given } = await order();
    expect((await agent.post(agentPaths.checkIn, checkIn)).json).toMatchObject({ orders: [{ orderId: given.orderId }] });
    expect((await agent.post(agentPaths.checkIn, checkIn)).json).not.toHaveProperty('orders');
  });

  it('are given once for as long as they are open, and again after that', async () => {
    const { order: first } = await order();
    expect((await order()).order.orderId).toBe(first.orderId);
    await ask(0, [answer(first, 'done')]);
    expect((await order()).order.orderId).not.toBe(first.orderId);
  });

  it('expire when no agent asks for them', async () => {
    const { order: given } = await order();
    const { now } = server.clock;
    server.clock.now = new Date(now.getTime() + 11 * 60_000);
    expect(await stateOf(given)).toMatchObject({ state: 'expired' });
    expect((await ask(0)).json).toEqual({ orders: [] });
    server.clock.now = now;
  });

  it('cannot be answered by the agent of another asset', async () => {
    const { order: given } = await order();
    const other = await enrolledAgent();
    await other.post(agentPaths.orders, { waitSeconds: 0, answers: [answer(given, 'done')] });
    expect(await stateOf(given)).toMatchObject({ state: 'queued' });
  });

  it('do not keep an agent that waits from checking in', async () => {
    let isHeld = true;
    const held = ask(4).finally(() => (isHeld = false));
    expect(await agent.post(agentPaths.checkIn, checkIn)).toMatchObject({ status: 200 });
    expect(isHeld).toBe(true);
    expect((await held).json).toEqual({ orders: [] });
  });

  it.each([
    ['a reader', 403, 'reader', ''],
    ['another organization', 404, 'manager', 'other'],
  ] as const)('are refused to %s with %i', async (_, status, role, organization) => {
    const { headers } = await testCaller(server, organization === '' ? { organizationId, role } : { role });
    const reply = await server.app.inject({ method: 'POST', url: path(agent.assetId), headers });
    expect(reply.statusCode).toBe(status);
  });

  it('are refused without a login, and their paths are those of the endpoints', async () => {
    expect((await server.app.inject({ method: 'POST', url: path(agent.assetId) })).statusCode).toBe(401);
    expect(endpoints.scanAsset.path).toBe('/assets/:assetId/scans');
  });
});
