import { createActivationKey, startRollout } from '@vedette/protocol';
import { eventually, PlatformProcess, TestReleases } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentVersion } from '../../apps/agent/src/config.ts';
import { asVersion, bundle, InstalledAgent } from './installed-agent.ts';

const patienceMs = 120_000;
const everybody = [{ name: 'all', tags: [], percent: 100 }];

describe('an agent that upgrades itself from a real platform', () => {
  const stack = new AsyncDisposableStack();
  let releases: TestReleases;
  let platform: PlatformProcess;
  let agent: InstalledAgent;
  let code: string;
  let asset: string;

  beforeAll(async () => {
    code = await bundle();
    releases = stack.use(await TestReleases.create());
    platform = stack.use(await PlatformProcess.start({ VEDETTE_RELEASES_DIR: releases.directory }));
    const { secret } = await platform.client.call(createActivationKey, { body: { name: 'upgrade test' } });
    const environment = { VEDETTE_PLATFORM: platform.url, VEDETTE_ACTIVATION_KEY: secret };
    agent = stack.use(new InstalledAgent(Buffer.from(code), environment));
    agent.start();
    asset = await eventually('the first check-in', patienceMs, async () => {
      const { processId, assetId } = agent.status();
      return processId !== null && assetId ? assetId : null;
    });
  });
  afterAll(() => stack.disposeAsync());

  /** Releases a version and gives it to all. */
  async function release(version: string, change?: (code: string) => string): Promise<void> {
    await releases.releaseProgram(asVersion(code, version, change), { product: 'agent', version });
    await eventually('the platform to see the release', patienceMs, async () => {
      try {
        return await platform.client.call(startRollout, { body: { subject: 'agent', version, rings: everybody } });
      } catch {
        return null;
      }
    });
  }

  it('runs the new version, committed, as the same asset', async () => {
    await release('1.1.0');
    const { slot, last } = await agent.until('the commit', patienceMs, (upgrade) => upgrade.version === '1.1.0');
    expect([slot, last?.outcome]).toEqual(['a', 'committed']);
    expect(agent.run('version').trim()).toBe('1.1.0');
    expect(agent.status().assetId).toBe(asset);
    expect(agentVersion).not.toBe('1.1.0');
  });

  it('refuses one that does not even start, before anything is switched', async () => {
    await release('1.2.0', (good) => `throw new Error('broken at once');\n${good}`);
    const { last, slot } = await agent.until('the refusal', patienceMs, (upgrade) => upgrade.last?.to === '1.2.0');
    expect([slot, last?.outcome, last?.why?.code]).toEqual(['a', 'failed', 'preflight']);
  });

  it.each([
    ['1.3.0', 'ends as soon as it runs', `if (process.argv[2] === 'run') process.exit(3);`, 'tries'],
    ['1.4.0', 'hangs as soon as it runs', `if (process.argv[2] === 'run') for (;;);`, 'unhealthy'],
  ])('rolls back %s, which %s', async (version, _, fault, why) => {
    await release(version, (good) => `${fault}\n${good}`);
    const upgrade = await agent.until(
      'the roll-back',
      patienceMs,
      ({ last }) => last?.to === version && last.outcome === 'rolled-back',
    );
    expect([upgrade.version, upgrade.last?.why?.code]).toEqual(['1.1.0', why]);
    expect(upgrade.refused.map((one) => one.version)).toContain(version);
  });

  it('gives way to another package, and comes back from there', async () => {
    agent.install(asVersion(code, '1.0.5'), '1.0.5');
    expect(agent.run('version').trim()).toBe('1.0.5');
  });
});
