import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PlatformProcess, TestReleases } from '@vedette/testkit';
import { asVersion, bundle, giveToAll, type InstalledAgent, type UpgradeStatus } from '../../../tests/e2e/installed-agent.ts';
import { inRegion, makeRegions, regions } from './network.ts';
import type { Report } from './report.ts';
import { edgeOrigin, makeSites, nameOf, originsOf, platformAddress, type Site, siteOf } from './sites.ts';

const execute = promisify(execFile);
const patienceMs = 90_000;
const lookEveryMs = 20;
/** Of a release, after which its edge is killed. */
const enoughBytes = 60_000;
/** What the agent promises. */
const fallBackSeconds = 10;
const rollBackSeconds = 60;

interface World {
  readonly platform: PlatformProcess;
  readonly sites: readonly Site[];
  readonly report: Report;
}

/** All of the demo. Leaves nothing behind, also when it fails or the signal comes. */
export async function show(report: Report, signal: AbortSignal): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const stopped = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => stopped.reject(signal.reason as Error));
  await Promise.race([showAll(stack, report), stopped.promise]);
}

async function showAll(stack: AsyncDisposableStack, report: Report): Promise<void> {
  report.step('Three regions');
  const isLong = makeRegions();
  for (const { name, address, delayMs } of regions)
    report.say(`${name.padEnd(9)} ${address}${isLong ? `  ${delayMs} ms each way to the platform, with loss` : ''}`);
  if (!isLong) report.say('This kernel has no netem (sch_netem): ways are short and lose nothing.');
  report.step('Signing three releases and the list of origins; a platform, an edge and an agent in each region');
  const code = await bundle();
  const releases = stack.use(await TestReleases.create());
  await releases.releaseOrigins({ format: 'vedette-origins-1', defaultRegion: 'emea', regions: regions.map(originsOf) });
  await releases.releaseProgram(asVersion(code, '1.1.0'), { product: 'agent', version: '1.1.0' });
  const bad = asVersion(code, '1.2.0', (good) => `if (process.argv[2] === 'run') process.exit(3);\n${good}`);
  await releases.releaseProgram(bad, { product: 'agent', version: '1.2.0' });
  await releases.releaseProgram(asVersion(code, '1.3.0'), { product: 'agent', version: '1.3.0' });
  const settings = { VEDETTE_RELEASES_DIR: releases.directory, VEDETTE_PUBLIC_URL: platformAddress };
  const platform = stack.use(await PlatformProcess.start(settings));
  const world: World = { platform, sites: await makeSites(stack, { platform, code, report }), report };
  await upgradeAll(world);
  await comeBack(world);
  await goBack(world);
  await withoutEdges(world);
}

async function upgradeAll({ platform, sites, report }: World): Promise<void> {
  report.step('1.1.0 for all; the edge of EMEA is killed in mid-download, that of APAC alters bytes');
  await giveToAll(platform, '1.1.0', agentsOf(sites));
  const [killed] = await Promise.all([
    killInMidDownload(siteOf(sites, 'emea')),
    ...sites.map(async ({ region, agent }) => {
      const status = await committed(agent, region.name, '1.1.0');
      report.say(`${region.name}: 1.1.0 committed`);
      for (const { origin, bytes, failure } of status.origins)
        report.say(`  ${nameOf(origin).padEnd(18)} ${String(bytes).padStart(8)} bytes${failure ? `  left: ${failure}` : ''}`);
    }),
  ]);
  const from = (name: string) => originsAsSeenBy(siteOf(sites, name));
  const near = from('americas').own;
  report.proof('americas upgrades from its nearest edge alone', near.bytes > enoughBytes && near.failure === null, told(near));
  const { own, others } = from('emea');
  const goesOn = own.failure !== null && own.bytes > 0 && others > 0 && killed.seconds <= fallBackSeconds;
  report.proof(
    'emea goes on elsewhere from the byte where its edge was killed',
    goesOn,
    `killed after ${killed.bytes} bytes, bytes again after ${killed.seconds.toFixed(1)} s; ${told(own)}, ${others} from others`,
  );
  const lied = from('apac');
  const isRefused = /hash|wrong|SHA-256/i.test(lied.own.failure ?? '') && lied.others > 0;
  report.proof('apac refuses the altered bytes of its edge, and takes others', isRefused, told(lied.own));
}

/** Returns how long no byte came after that, at most. */
async function killInMidDownload({ agent, edge }: Site): Promise<{ bytes: number; seconds: number }> {
  const deadline = performance.now() + patienceMs;
  while (downloaded(agent) < enoughBytes) {
    if (performance.now() > deadline) throw new Error('emea: no download was seen in time');
    await delay(lookEveryMs);
  }
  const bytes = downloaded(agent);
  await edge.kill();
  let [size, since, longestMs] = [bytes, performance.now(), 0];
  for (;;) {
    await delay(lookEveryMs);
    const now = downloaded(agent);
    if (now !== size) {
      longestMs = Math.max(longestMs, performance.now() - since);
      [size, since] = [now, performance.now()];
    }
    // Put together and removed: all of it has come.
    if (now < bytes) return { bytes, seconds: longestMs / 1000 };
    if (performance.now() - since > patienceMs) throw new Error('emea: the download did not go on');
  }
}

/** Bytes of the largest file that is being fetched. */
function downloaded({ stateDirectory }: InstalledAgent): number {
  const folder = join(stateDirectory, 'upgrade/download');
  if (!existsSync(folder)) return 0;
  const parts = readdirSync(folder).filter((name) => name.endsWith('.part'));
  return Math.max(0, ...parts.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0));
}

async function comeBack({ sites, report }: World): Promise<void> {
  const { edge, region } = siteOf(sites, 'emea');
  report.step('The edge of EMEA comes back');
  await edge.restart();
  const ask = [...inRegion(region), 'curl', '-sk', '-o', '/dev/null', '-w', '%{http_code}', `${edge.url}/stub_status`];
  const { stdout } = await execute('env', ask);
  report.proof('it answers its health check', stdout === '200', `curl ${edge.url}/stub_status: ${stdout}`);
}

async function goBack({ platform, sites, report }: World): Promise<void> {
  report.step('1.2.0 for all, which ends as soon as it runs');
  await giveToAll(platform, '1.2.0', agentsOf(sites));
  await Promise.all(
    sites.map(async ({ region, agent }) => {
      await agent.until(`${region.name}: the trial`, patienceMs, ({ trial, last }) => (trial?.version ?? last?.to) === '1.2.0');
      const began = performance.now();
      const isOver = ({ last }: UpgradeStatus): boolean => last?.to === '1.2.0' && last.outcome === 'rolled-back';
      const { version, last, refused } = await agent.until(`${region.name}: the roll-back`, patienceMs, isOver);
      const seconds = (performance.now() - began) / 1000;
      const isBack = version === '1.1.0' && refused.some((one) => one.version === '1.2.0') && seconds <= rollBackSeconds;
      report.proof(
        `${region.name} goes back by itself and refuses it`,
        isBack,
        `runs ${version} ${seconds.toFixed(0)} s after the first start; ${last?.why?.text}`,
      );
    }),
  );
}

async function withoutEdges({ platform, sites, report }: World): Promise<void> {
  report.step('All edges are killed; 1.3.0 for all');
  await Promise.all(sites.map(({ edge }) => edge.kill()));
  await giveToAll(platform, '1.3.0', agentsOf(sites));
  await Promise.all(
    sites.map(async (site) => {
      const { origins } = await committed(site.agent, site.region.name, '1.3.0');
      const fromEdges = origins.filter(({ origin }) => nameOf(origin) !== 'platform');
      const platformBytes = origins.find(({ origin }) => nameOf(origin) === 'platform')?.bytes ?? 0;
      const isSeen = platformBytes > enoughBytes && fromEdges.every(({ bytes, failure }) => bytes === 0 && failure !== null);
      report.proof(`${site.region.name} upgrades from the platform`, isSeen, `${platformBytes} bytes; ${fromEdges[0]?.failure}`);
    }),
  );
}

function agentsOf(sites: readonly Site[]): InstalledAgent[] {
  return sites.map(({ agent }) => agent);
}

async function committed(agent: InstalledAgent, name: string, version: string): Promise<UpgradeStatus> {
  return agent.until(`${name}: ${version}`, patienceMs, (upgrade) => upgrade.version === version && upgrade.trial === null);
}

/** What the agent says of its nearest edge, and bytes of all others. */
function originsAsSeenBy({ agent, region }: Site) {
  const { origins } = agent.status().upgrade;
  const own = origins.find(({ origin }) => origin === edgeOrigin(region)) ?? { bytes: 0, failure: 'it is not in the list' };
  return { own, others: origins.reduce((sum, { bytes }) => sum + bytes, 0) - own.bytes };
}

function told({ bytes, failure }: { bytes: number; failure: string | null }): string {
  return `${bytes} bytes of it${failure === null ? '' : `; left: ${failure}`}`;
}
