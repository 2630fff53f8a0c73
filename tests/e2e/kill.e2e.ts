import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActivationKey, getAsset, getKnowledge, listAssets, listDetections } from '@vedette/protocol';
import { openDatabase } from '@vedette/server';
import { agentProgram, endProcess, eventually, PlatformProcess } from '@vedette/testkit';
import { expect, it } from 'vitest';
import { FleetConnection } from '../../tools/fleet/connection.ts';
import { eachOf, persist } from '../../tools/fleet/drive.ts';
import { Fleet } from '../../tools/fleet/fleet.ts';
import { Random } from '../../tools/fleet/random.ts';
import { Tally } from '../../tools/fleet/tally.ts';

const patienceMs = 90_000;

it('loses nothing that was acknowledged when the platform is killed, in the first sync and later, and the agent comes back by itself', async () => {
  await using stack = new AsyncDisposableStack();
  const state = mkdtempSync(join(tmpdir(), 'vedette-agent-'));
  stack.defer(() => rmSync(state, { recursive: true }));
  const program = agentProgram();
  const platform = stack.use(await PlatformProcess.start());
  const key = await platform.client.call(createActivationKey, { body: { name: 'kill', maxUses: 1 } });
  const agent = spawn(program, ['run', '--platform', platform.url, '--state-dir', state], {
    stdio: 'ignore',
    env: { ...process.env, VEDETTE_ACTIVATION_KEY: key.secret },
  });
  stack.defer(() => endProcess(agent, 'SIGTERM'));

  await eventually('the enrollment', patienceMs, () => (existsSync(join(state, 'identity.json')) ? true : null));
  await platform.kill();
  await platform.restart();
  const before = await eventually('the first inventory', patienceMs, async () => {
    // An agent checks in when everything is acknowledged; verdicts follow the acknowledgement.
    // What the platform asks for beyond that it hears of at a check-in, and answers after it.
    const { hasCheckedIn, sequences } = await look(platform);
    const ready = hasCheckedIn && sequences.has('posture') && (await unjudged(platform)) === 0;
    return ready ? look(platform) : null;
  });
  expect(before.assets).toHaveLength(1);

  await platform.kill();
  const killedAt = performance.now();
  await platform.restart();
  console.info(`started again after kill -9 in ${((performance.now() - killedAt) / 1000).toFixed(1)} s`);
  expectNothingLost(before, await look(platform));

  // The same agent process: it is asked for a scan and answers when the platform has taken it.
  execFileSync(program, ['scan', '--wait', '--state-dir', state], { timeout: 2 * patienceMs, stdio: 'ignore' });
  expectNothingLost(before, await look(platform));
  expect(agent.exitCode).toBeNull();
});

it('loses nothing that was acknowledged to any of a fleet when platform and PostgreSQL are killed under load', async () => {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await PlatformProcess.start());
  const { secret } = await platform.client.call(createActivationKey, { body: { name: 'fleet', maxUses: 100 } });
  const connection = stack.use(new FleetConnection({ url: new URL(platform.url), sockets: 32, verifyEvery: 1 }));
  const fleet = new Fleet(7, 30, connection);
  const stop = new AbortController();
  stack.defer(() => stop.abort());
  let ended = false;
  const tally = new Tally();
  const drive = { tally, signal: stop.signal, random: new Random('kill'), attempts: 1000 };
  await eachOf(fleet.agents, 8, async (agent) => {
    await persist(() => fleet.enroll(agent, secret), drive);
    await persist(() => fleet.firstSync(agent), drive);
  });

  // Each agent sends one change after the other. What counts as acknowledged is what it has an answer to.
  const load = eachOf(fleet.agents, fleet.agents.length, async (agent) => {
    while (!ended && !stop.signal.aborted) await persist(() => fleet.delta(agent), drive);
  });
  const progress = async (what: string): Promise<void> => {
    const before = tally.acknowledged;
    await eventually(what, patienceMs, async () => (tally.acknowledged > before + 2 * fleet.agents.length ? true : null));
  };
  await progress('changes before anything is killed');
  await platform.kill();
  await platform.restart();
  await progress('changes after the platform was killed');
  platform.killPostgres();
  await progress('changes after PostgreSQL was killed');
  platform.killPostgres();
  await platform.kill();
  await platform.restart();
  await progress('changes after both were killed');
  ended = true; // Each waits for the answer to its last one: without it nobody knows.
  await load;

  // The platform compares what it has with what each agent was told: equal digests prove equal rows.
  const missing: string[] = [];
  await eachOf(fleet.agents, 8, async (agent) => {
    await persist(
      async () => missing.push(...(await fleet.checkIn(agent)).map((collector) => `${agent.index} ${collector}`)),
      drive,
    );
  });
  expect(missing).toEqual([]);
  expect(tally.failed).toBe(0);
  console.info(
    `${tally.acknowledged} acknowledged, ${tally.postponed} times asked to come later; ${[...tally.problems].join('; ')}`,
  );
  // Nothing that was entered is left without a verdict.
  await eventually('the verdicts', patienceMs, async () => ((await unjudged(platform)) === 0 ? true : null));
});

async function unjudged(platform: PlatformProcess): Promise<number> {
  const host = join(platform.dataDirectory, 'postgres/socket');
  const { db, close } = openDatabase({ host, user: 'vedette', database: 'vedette' });
  const rows = await db.selectFrom('unjudged').select('packageVersionId').execute();
  await close();
  return rows.length;
}

async function look({ client }: PlatformProcess) {
  const { items: assets } = await client.call(listAssets, { query: {} });
  const { items } = await client.call(listDetections, { query: { status: 'all', limit: 500 } });
  const [asset] = assets;
  const agent = asset && (await client.call(getAsset, { params: { assetId: asset.assetId } })).agent;
  const { version, checks } = await client.call(getKnowledge, {});
  return {
    assets: assets.map(({ assetId, firstSeen, packages }) => ({ assetId, firstSeen, packages })),
    // lastFound moves on while a detection stays open.
    detections: items.map(({ lastFound: _moves, ...detection }) => detection),
    knowledge: { version, checks },
    sequences: new Map((agent?.collectors ?? []).map(({ name, sequence }) => [name, sequence])),
    hasCheckedIn: agent?.lastCheckIn != null,
  };
}

type Seen = Awaited<ReturnType<typeof look>>;

function expectNothingLost({ sequences: before, ...facts }: Seen, { sequences: after, ...factsAfter }: Seen): void {
  expect(factsAfter).toEqual(facts);
  // Sockets and services of the machine may have changed meanwhile: a sequence may be higher, never lower.
  expect([...before].filter(([name, sequence]) => (after.get(name) ?? 0) < sequence)).toEqual([]);
}
