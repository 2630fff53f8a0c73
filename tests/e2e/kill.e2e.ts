import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActivationKey, getAsset, getKnowledge, listAssets, listDetections } from '@vedette/protocol';
import { agentProgram, endProcess, eventually, PlatformProcess } from '@vedette/testkit';
import { expect, it } from 'vitest';

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
    const now = await look(platform);
    return now.hasCheckedIn ? now : null; // which an agent does when everything is acknowledged
  });
  expect(before.assets).toHaveLength(1);

  await platform.kill();
  const killedAt = performance.now();
  await platform.restart();
  console.info(`started again after kill -9 in ${((performance.now() - killedAt) / 1000).toFixed(1)} s`);
  expectNothingLost(before, await look(platform));

  // The same agent process: it is asked for a scan and answers when the platform has taken it.
  execFileSync(program, ['scan', '--wait', '--state-dir', state], { timeout: patienceMs, stdio: 'ignore' });
  expectNothingLost(before, await look(platform));
  expect(agent.exitCode).toBeNull();
});

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
