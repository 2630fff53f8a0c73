import { agentPaths } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findCloneLinks } from '../assets/clone-links.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { makeCloneTicket, readCloneTicket } from './clone-ticket.ts';

let database: ThrowAwayDatabase;
let server: TestServer;
let organizationId: string;
let agent: TestAgent;

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  ({ organizationId } = await testCaller(server));
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  server.clock.now = new Date(server.clock.now.getTime() + 3600_000);
  agent = new TestAgent(server);
  await agent.enroll(await testActivationKey(server, organizationId), {}, { machine: original(1000) });
});

const consumption = { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 };
const name = (letter: string): string => letter.repeat(22);
const original = (uptimeSeconds: number) => ({ incarnation: name('a'), hardware: name('x'), uptimeSeconds });
const copy = (uptimeSeconds: number) => ({ incarnation: name('b'), hardware: name('y'), uptimeSeconds });

async function checkIn(machine?: object): Promise<Record<string, unknown>> {
  const message = {
    agentVersion: '1',
    sentAt: '2026-11-22T12:00:00Z',
    collectors: [],
    consumption,
    ...(machine ? { machine } : {}),
  };
  return (await agent.post(agentPaths.checkIn, message)).json;
}

async function sync(incarnation: string | undefined, sequence: number) {
  const document = syncDocument({ collector: 'user', sequence, rows: [] });
  return agent.post(agentPaths.sync, { documents: [document], ...(incarnation === undefined ? {} : { incarnation }) });
}

function pass(seconds: number): void {
  server.clock.now = new Date(server.clock.now.getTime() + seconds * 1000);
}

async function orderedTicket(): Promise<string> {
  await checkIn(original(1000));
  pass(120);
  await checkIn(original(1120));
  const { reenroll } = (await checkIn(copy(100))) as { reenroll: { reason: string; ticket: string } };
  return reenroll.ticket;
}

describe('machines with one key', () => {
  it('takes documents of the machine that enrolled, without a check-in', async () => {
    expect((await sync(name('a'), 1)).json).toMatchObject({ results: [{ outcome: 'accepted' }] });
  });

  it('takes documents after a reboot only once the machine has checked in', async () => {
    pass(100);
    expect(await sync(name('c'), 1)).toMatchObject({ status: 409, authentic: true, json: { code: 'CHECK_IN_FIRST' } });
    expect(await checkIn({ ...original(20), incarnation: name('c') })).toEqual({
      resend: [],
      schedule: expect.anything(),
      settings: {},
    });
    expect((await sync(name('c'), 1)).json).toMatchObject({ results: [{ outcome: 'accepted' }] });
  });

  it('believes agents that do not say who they are, as those of 0.1.0', async () => {
    expect(await checkIn()).toMatchObject({ resend: [] });
    expect((await sync(undefined, 1)).json).toMatchObject({ results: [{ outcome: 'accepted' }] });
  });

  it('holds a copy on other hardware back, orders it to enroll when the original speaks, and keeps both apart', async () => {
    await checkIn(original(1000));
    expect(await checkIn(copy(10))).toMatchObject({ held: true });
    expect((await sync(name('b'), 1)).status).toBe(409);
    pass(150);
    expect(await checkIn(original(1150))).not.toHaveProperty('held');
    const { reenroll } = (await checkIn(copy(160))) as { reenroll: { reason: string; ticket: string } };
    expect(reenroll.reason).toBe('cloned');
    expect((await sync(name('b'), 1)).status).toBe(409);

    const own = new TestAgent(server);
    expect(await own.enroll(reenroll.ticket, {}, { machine: copy(161) })).toMatchObject({ status: 200, authentic: true });
    expect(own.assetId).not.toBe(agent.assetId);
    const link = await findCloneLinks(database.db, { organizationId, assetId: own.assetId });
    expect(link).toEqual({ clonedFrom: agent.assetId, clones: [] });
    expect(await findCloneLinks(database.db, { organizationId, assetId: agent.assetId })).toEqual({
      clonedFrom: null,
      clones: [own.assetId],
    });
  });

  it('gives the same answer to a clone that asks again with its new key', async () => {
    const ticket = await orderedTicket();
    const own = new TestAgent(server);
    await own.enroll(ticket, {}, { machine: copy(101) });
    const first = own.assetId;
    await own.enroll(ticket, {}, { machine: copy(102) });
    expect(own.assetId).toBe(first);
  });

  it('gives a clone its asset back when its disk was set back to before it had one', async () => {
    const own = new TestAgent(server);
    await own.enroll(await orderedTicket(), {}, { machine: copy(101) });
    pass(600);
    await checkIn(original(1720));
    pass(300);
    await checkIn(original(2020));
    const rebooted = { incarnation: name('d'), hardware: name('y'), uptimeSeconds: 200 };
    const { reenroll } = (await checkIn(rebooted)) as { reenroll: { ticket: string } };
    const again = new TestAgent(server);
    await again.enroll(reenroll.ticket, {}, { machine: rebooted });
    expect(again.assetId).toBe(own.assetId);
    expect(again.agentId).not.toBe(own.agentId);
  });

  it('refuses a ticket that is forged, or whose hour is over', async () => {
    const ticket = await orderedTicket();
    const forged = `${ticket.slice(0, -6)}AAAAAA`;
    expect(await new TestAgent(server).enroll(forged)).toMatchObject({ status: 403, json: { code: 'ACTIVATION_KEY_REFUSED' } });
    pass(3700);
    expect(await new TestAgent(server).enroll(ticket)).toMatchObject({ status: 403, json: { code: 'ACTIVATION_KEY_REFUSED' } });
  });
});

describe('a ticket', () => {
  it('fits where an activation key does, and reads as what it was made for', () => {
    const clone = { agentId: '3f1c7f0e-2d4b-4c8a-9e51-0a4f5a1b2c3d', incarnation: name('b') };
    const ticket = makeCloneTicket(server.context.platformKey, clone, 1_800_000_000);
    expect(ticket.length).toBeLessThanOrEqual(200);
    expect(readCloneTicket(server.context.platformKey, ticket, 1_800_000_000)).toEqual(clone);
    expect(readCloneTicket(server.context.platformKey, ticket.replace(name('b'), name('c')), 1_800_000_000)).toBeNull();
  });
});
