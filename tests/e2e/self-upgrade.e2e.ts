import { type AssetId, changeRollout, createActivationKey, listAgentUpgrades, listFacts, startRollout } from '@vedette/protocol';
import { eventually, PlatformProcess, TestReleases } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asVersion, bundle, giveToAll, InstalledAgent } from './installed-agent.ts';

const patienceMs = 120_000;
/** By version, what is wrong with it. */
const versions = {
  '1.1.0': '',
  '1.2.0': `throw new Error('broken at once');`,
  '1.3.0': `if (process.argv[2] === 'run') process.exit(3);`,
  '1.4.0': `if (process.argv[2] === 'run') for (;;);`,
};

describe('an agent that upgrades itself from a real platform', () => {
  const stack = new AsyncDisposableStack();
  let platform: PlatformProcess;
  let agent: InstalledAgent;
  let code: string;
  let secret: string;
  let asset: string;

  beforeAll(async () => {
    code = await bundle();
    const releases = stack.use(await TestReleases.create());
    for (const [version, fault] of Object.entries(versions)) {
      const bytes = asVersion(code, version, (good) => `${fault}\n${good}`);
      await releases.releaseProgram(bytes, { product: 'agent', version });
    }
    const manifest = { format: 1, version: 1, collectors: ['os'], probes: [{ id: 'only', kind: 'file', path: '/etc/passwd' }] };
    await releases.releaseContent('manifests', '2026.1', Buffer.from(JSON.stringify(manifest)));
    platform = stack.use(await PlatformProcess.start({ VEDETTE_RELEASES_DIR: releases.directory }));
    ({ secret } = await platform.client.call(createActivationKey, { body: { name: 'upgrade test' } }));
    agent = stack.use(new InstalledAgent(Buffer.from(code), { VEDETTE_PLATFORM: platform.url, VEDETTE_ACTIVATION_KEY: secret }));
    agent.start();
    asset = await eventually('the enrollment', patienceMs, () => agent.assetId);
  });
  afterAll(() => stack.disposeAsync());

  it('runs the new version, committed, as the same asset', async () => {
    await giveToAll(platform, '1.1.0', [agent]);
    const { slot, last } = await agent.until('the commit', patienceMs, (upgrade) => upgrade.version === '1.1.0');
    expect([slot, last?.outcome]).toEqual(['a', 'committed']);
    expect(agent.run('version').trim()).toBe('1.1.0');
    expect(agent.status().assetId).toBe(asset);
    expect(agent.run('journal')).toMatch(/upgrade +1\.1\.0 committed/);
  });

  it('reads what the manifest of a release says while that is rolled out, then what the platform says again', async () => {
    const probes = async () => {
      const params = { assetId: asset as AssetId, collector: 'posture' }; // an id of the platform
      const { items } = await platform.client.call(listFacts, { params, query: { limit: 500 } });
      return new Set(items.map(({ probe }) => String(probe)));
    };
    const before = await eventually('what the platform asks for', patienceMs, async () => {
      const found = await probes();
      return found.size > 1 ? found : null;
    });
    const rings = [{ name: 'all', tags: [], percent: 100 }];
    const body = { subject: 'manifests', version: '2026.1', rings } as const;
    const { rolloutId } = await platform.client.call(startRollout, { body: { ...body, rings: [...rings] } });
    /** It fetches the release at one check-in, uses it after another, and sends what it then found. */
    const seen = async (holds: boolean): Promise<true | null> => {
      if (!holds) agent.checkInNow();
      return holds || null;
    };
    await eventually('the rows of its only probe', patienceMs, async () => seen([...(await probes())].join() === 'only'));
    // Its rows may be there before the check-in that says so.
    await eventually('its report of the release', patienceMs, async () => {
      const { items } = await platform.client.call(listAgentUpgrades, { query: {} });
      return seen(items.length === 1 && items[0]?.content['manifests'] === '2026.1');
    });
    expect(agent.run('status')).toContain('manifest 2026.1 of a release');
    await platform.client.call(changeRollout, { params: { rolloutId }, body: { action: 'roll-back' } });
    await eventually('what the platform asks for', patienceMs, async () => seen((await probes()).size === before.size));
  });

  it('refuses one that does not even start, before anything is switched', async () => {
    await giveToAll(platform, '1.2.0', [agent]);
    const { last, slot } = await agent.until('the refusal', patienceMs, (upgrade) => upgrade.last?.to === '1.2.0');
    expect([slot, last?.outcome, last?.why]).toEqual([
      'a',
      'failed',
      { code: 'preflight', text: '1.2.0 does not start here: Error: broken at once' },
    ]);
  });

  it.each([
    ['1.3.0', 'ends as soon as it runs', 'tries'],
    ['1.4.0', 'hangs as soon as it runs', 'unhealthy'],
  ])('rolls back %s, which %s', async (version, _, why) => {
    await giveToAll(platform, version, [agent]);
    const isBack = ({ last }: { last: { to: string; outcome: string } | null }): boolean =>
      last?.to === version && last.outcome === 'rolled-back';
    const upgrade = await agent.until('the roll-back', patienceMs, isBack);
    expect([upgrade.version, upgrade.last?.why?.code]).toEqual(['1.1.0', why]);
    expect(upgrade.refused.map((one) => one.version)).toContain(version);
  });

  it('delivers what the version before has kept while the platform was away', async () => {
    const environment = { VEDETTE_PLATFORM: platform.url, VEDETTE_ACTIVATION_KEY: secret, VEDETTE_HOSTNAME: 'away' };
    await using other = new InstalledAgent(Buffer.from(code), environment);
    other.run('enroll');
    await platform.kill();
    other.start();
    const kept = await eventually('documents in its spool', patienceMs, async () => {
      const found = other.waiting();
      return found.has('dpkg') ? found : null;
    });
    other.stop();
    other.tryVersion(asVersion(code, '1.1.0'), '1.1.0');
    await platform.restart();
    other.start();
    await other.until('the commit', patienceMs, (upgrade) => upgrade.version === '1.1.0');
    // Sockets of the machine may have changed just now.
    await eventually('everything acknowledged', patienceMs, () => other.waiting().size === 0 || null);
    const sent = other.run('journal');
    for (const collector of kept.keys()) expect(sent).toContain(`${collector} snapshot #1`);
  });

  it('gives way to another package', () => {
    agent.install(asVersion(code, '1.0.5'), '1.0.5');
    expect(agent.run('version').trim()).toBe('1.0.5');
  });
});
