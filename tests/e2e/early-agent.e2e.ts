import { hash } from 'node:crypto';
import { changeRollout, createActivationKey, getOrder, listAssets, scanAsset } from '@vedette/protocol';
import { eventually, PlatformProcess, TestReleases } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEarlyAgent, earlyAgentRefusal } from './early-agent.ts';
import { asVersion, bundle, giveToAll, InstalledAgent } from './installed-agent.ts';

const patienceMs = 120_000;
const refusal = earlyAgentRefusal();

describe.skipIf(refusal !== null)(`an agent from before CDN support${refusal === null ? '' : ` (skipped: ${refusal})`}`, () => {
  const stack = new AsyncDisposableStack();
  let platform: PlatformProcess;
  let agent: InstalledAgent;

  beforeAll(async () => {
    const { code, launcher } = buildEarlyAgent();
    const releases = stack.use(await TestReleases.create());
    await releases.releaseProgram(asVersion(await bundle(), '5.0.0'), { product: 'agent', version: '5.0.0' });
    platform = stack.use(await PlatformProcess.start({ VEDETTE_RELEASES_DIR: releases.directory }));
    const { secret } = await platform.client.call(createActivationKey, { body: { name: 'early agent' } });
    agent = stack.use(new InstalledAgent(code, { VEDETTE_PLATFORM: platform.url, VEDETTE_ACTIVATION_KEY: secret }, launcher));
    agent.start();
  });
  afterAll(() => stack.disposeAsync());

  const theAsset = async () => (await platform.client.call(listAssets, { query: {} })).items[0];
  const running = (): number | null => (JSON.parse(agent.run('status', '--json')) as { processId: number | null }).processId;

  it('enrolls, sends its inventory and obeys orders as it always did', async () => {
    const asset = await eventually('its inventory', patienceMs, async () => {
      const found = await theAsset();
      return found && found.packages > 0 ? found : null;
    });
    const { assetId } = asset;
    const { orderId } = await platform.client.call(scanAsset, { params: { assetId } });
    await eventually('the scan', patienceMs, async () => {
      const { state } = await platform.client.call(getOrder, { params: { assetId, orderId } });
      return state === 'done' ? state : null;
    });
    // Not before: it checks in only after a scan, which beside other load takes longer than somebody waits for it.
    expect(await agent.ask('check', '--json')).toContain('"standing":"accepted"');
  });

  it('is not told of releases that it could not understand, and works on', async () => {
    const { rolloutId } = await giveToAll(platform, '5.0.0');
    await platform.client.call(changeRollout, { params: { rolloutId }, body: { action: 'promote' } });
    const before = running();
    expect(await agent.ask('check', '--json')).toContain('"standing":"accepted"');
    expect(running()).toBe(before);
  });

  it('is brought up to date from the platform by the older endpoint, and goes on as the same asset', async () => {
    const asset = await theAsset();
    const offer = (await (await fetch(new URL('/agent/v1/release/linux-x64', platform.url))).json()) as {
      version: string;
      sha256: string;
      url: string;
    };
    const code = Buffer.from(await (await fetch(new URL(offer.url, platform.url))).arrayBuffer());
    expect([offer.version, hash('sha256', code)]).toEqual(['5.0.0', offer.sha256]);
    agent.stop();
    // What a package would put in place: from here on it upgrades itself.
    agent.install(code, offer.version);
    agent.start();
    const upgraded = await eventually('the upgraded agent', patienceMs, async () => {
      const { agentVersion } = (await theAsset()) ?? {};
      return agentVersion === '5.0.0' ? agentVersion : null;
    });
    expect(upgraded).toBe('5.0.0');
    const all = (await platform.client.call(listAssets, { query: {} })).items;
    expect(all.map(({ assetId }) => assetId)).toEqual([asset?.assetId]);
    expect(agent.status().upgrade.version).toBe('5.0.0');
  });
});
