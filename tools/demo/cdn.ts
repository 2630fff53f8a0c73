/** `npm run demo:cdn`: agents of three regions upgrade from their edges, while edges die and lie and a release is bad. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type AssetId, createActivationKey, setAssetRelease, setReleaseRules } from '@vedette/protocol';
import { certificateFor, eventually, NginxProcess, nginxRefusal, PlatformProcess, TestReleases } from '@vedette/testkit';
import { asVersion, bundle, giveToAll, InstalledAgent } from '../../tests/e2e/installed-agent.ts';
import type { Ways } from './cdn/forwarders.ts';
import { hasNetem, inRegion, makeRegions, middle, type Region, regions } from './cdn/network.ts';

const help = `Shows how releases reach agents: three regions in network namespaces, with delay and loss (tc netem) between them and the
platform; in each an edge (Debian's nginx with the shipped configuration, TLS) and an installed agent with the real launcher.

Usage: npm run demo:cdn

 1. All agents get 1.1.0. The edge of EMEA is killed in mid-download; that of APAC hands out altered bytes.
 2. The edge of EMEA comes back.
 3. All agents get 1.2.0, which ends as soon as it runs: each goes back to 1.1.0 by itself.

Needs root, iproute2 and nginx. This machine stays as it is. Exit code 0: all was seen; 1: something was not.
`;
const patienceMs = 180_000;
const port = 8420;
const edgePort = 443;
const began = performance.now();

interface Site {
  readonly region: Region;
  readonly edge: NginxProcess;
  readonly agent: InstalledAgent;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  const missing = process.getuid?.() === 0 ? nginxRefusal() : 'needs root';
  if (missing !== null) {
    process.stderr.write(`demo: ${missing}\n`);
    return 1;
  }
  if (!args.includes('--inside')) {
    // A network and a view of /run/netns of its own: the machine sees nothing of it, and all of it goes when this ends.
    const inner = [process.execPath, import.meta.filename, '--inside'];
    const own = [
      '--net',
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      'mkdir -p /run/netns && mount -t tmpfs none /run/netns && exec "$@"',
    ];
    return spawnSync('unshare', [...own, 'sh', ...inner], { stdio: 'inherit' }).status ?? 1;
  }
  await using stack = new AsyncDisposableStack();
  await show(stack);
  return 0;
}

async function show(stack: AsyncDisposableStack): Promise<void> {
  step('three regions, with delay and loss between them');
  makeRegions();
  const way = (delayMs: number): string =>
    hasNetem() ? `${delayMs} ms each way to the platform` : 'without delay: this kernel has no netem';
  for (const { name, address, delayMs } of regions) said(`${name.padEnd(9)} ${address}  ${way(delayMs)}`);
  step('signing three releases and the list of origins');
  const code = await bundle();
  const releases = stack.use(await TestReleases.create());
  await releases.releaseOrigins({ format: 'vedette-origins-1', defaultRegion: 'emea', regions: regions.map(origins) });
  await releases.releaseProgram(asVersion(code, '1.1.0'), { product: 'agent', version: '1.1.0' });
  const bad = asVersion(code, '1.2.0', (good) => `if (process.argv[2] === 'run') process.exit(3);\n${good}`);
  await releases.releaseProgram(bad, { product: 'agent', version: '1.2.0' });
  step('starting a platform, an edge and an agent in each region');
  const address = `https://${middle}:${port}`;
  const platform = stack.use(
    await PlatformProcess.start({ VEDETTE_RELEASES_DIR: releases.directory, VEDETTE_PUBLIC_URL: address }),
  );
  const sites = await makeSites(stack, platform, address);
  await upgradeAll(platform, sites);
  await comeBack(sites);
  await goBack(platform, sites);
}

function origins(region: Region) {
  const others = regions.filter((other) => other !== region);
  return {
    name: region.name,
    title: region.title,
    origins: [region, ...others].map(({ address }) => `https://${address}:${edgePort}/`),
  };
}

async function makeSites(stack: AsyncDisposableStack, platform: PlatformProcess, address: string): Promise<Site[]> {
  const authority = mkdtempSync(join(tmpdir(), 'vedette-demo-'));
  stack.defer(() => rmSync(authority, { recursive: true }));
  const ways: Ways = {
    platform: platform.url,
    host: middle,
    ports: { agents: port, thief: port + 1, edges: port + 2 },
    certificate: certificateFor(authority, 'platform', middle),
  };
  const worker = new Worker(join(import.meta.dirname, 'cdn/forwarders.ts'), { workerData: ways });
  stack.defer(async () => void (await worker.terminate()));
  await once(worker, 'message');
  const { secret } = await platform.client.call(createActivationKey, { body: { name: 'demo' } });
  const code = Buffer.from(await bundle());
  const sites: Site[] = [];
  for (const region of regions) {
    const source = region.name === 'apac' ? `http://${middle}:${port + 1}` : `http://${middle}:${port + 2}`;
    const place = { address: region.address, port: edgePort, inside: inRegion(region), authority };
    const edge = stack.use(await NginxProcess.edge(source, {}, place));
    const environment = {
      VEDETTE_PLATFORM: address,
      VEDETTE_ACTIVATION_KEY: secret,
      VEDETTE_CA_FILE: join(authority, 'ca.pem'),
      VEDETTE_HOSTNAME: `agent-${region.name}`,
    };
    const agent = stack.use(new InstalledAgent(code, environment, launcherIn(region)));
    agent.start();
    sites.push({ region, edge, agent });
  }
  const rules = regions.map(({ name }) => ({ tags: [name], region: name }));
  await platform.client.call(setReleaseRules, { body: { rules } });
  for (const { region, agent } of sites) {
    const assetId = await eventually(`${region.name}: the first check-in`, patienceMs, () => agent.status().assetId || null);
    await platform.client.call(setAssetRelease, {
      params: { assetId: assetId as AssetId },
      body: { tags: [region.name], pin: null },
    }); // an id of the platform
    said(`${region.name}: enrolled; runs ${agent.run('version').trim()}`);
  }
  return sites;
}

/** The shipped launcher, which goes into the region first. */
function launcherIn(region: Region): Buffer {
  const launcher = readFileSync(join(import.meta.dirname, '../../deploy/agent/vedette-agent'), 'utf8');
  const enter = `[ -n "\${IN_REGION-}" ] || IN_REGION=1 exec ${inRegion(region).join(' ')} "$0" "$@"`;
  return Buffer.from(launcher.replace('\n', `\n${enter}\n`));
}

async function upgradeAll(platform: PlatformProcess, sites: readonly Site[]): Promise<void> {
  step('1.1.0 for all');
  await giveToAll(platform, '1.1.0');
  const killed = killInMidDownload(siteOf(sites, 'emea'));
  await Promise.all(
    sites.map(async ({ region, agent }) => {
      const { origins: asked, last } = await agent.until(
        `${region.name}: 1.1.0`,
        patienceMs,
        (upgrade) => upgrade.version === '1.1.0' && upgrade.trial === null,
      );
      said(`${region.name}: ${last?.to} ${last?.outcome}`);
      for (const { origin, bytes, failure } of asked) {
        if (bytes > 0 || failure !== null)
          said(`  ${nameOf(origin).padEnd(18)} ${String(bytes).padStart(8)} bytes${failure ? `  left: ${failure}` : ''}`);
      }
    }),
  );
  await killed;
}

async function killInMidDownload({ agent, edge, region }: Site): Promise<void> {
  const folder = join(agent.stateDirectory, 'upgrade/download');
  const bytes = await eventually(`${region.name}: a download`, patienceMs, () => {
    const parts = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.part')) : [];
    const [largest = 0] = parts.map((name) => statSync(join(folder, name)).size).toSorted((a, b) => b - a);
    return largest > 50_000 ? largest : null;
  }).catch((error: unknown) => {
    throw new Error(`${agent.log.slice(-3000)}\n${JSON.stringify(agent.status().upgrade)}`, { cause: error });
  });
  await edge.kill();
  said(`${region.name}: its edge is killed after ${bytes} bytes of the release`);
}

async function comeBack(sites: readonly Site[]): Promise<void> {
  const { edge, region } = siteOf(sites, 'emea');
  step('the edge of EMEA comes back');
  await edge.restart();
  const ask = ['curl', '-sk', '-o', '/dev/null', '-w', '%{http_code}', `${edge.url}/stub_status`];
  const [command = '', ...args] = [...inRegion(region), ...ask];
  said(`curl ${edge.url}/stub_status: ${execFileSync(command, args, { encoding: 'utf8' })}`);
}

async function goBack(platform: PlatformProcess, sites: readonly Site[]): Promise<void> {
  step('1.2.0 for all, which ends as soon as it runs');
  await giveToAll(platform, '1.2.0');
  await Promise.all(
    sites.map(async ({ region, agent }) => {
      const isBack = ({ last }: { readonly last: { to: string; outcome: string } | null }): boolean =>
        last?.to === '1.2.0' && last.outcome === 'rolled-back';
      const { version, last, refused, origins: asked } = await agent.until(`${region.name}: the roll-back`, patienceMs, isBack);
      const sources = asked.filter(({ bytes }) => bytes > 0).map(({ origin }) => nameOf(origin));
      said(
        `${region.name}: back on ${version} (${last?.why?.text}); refuses ${refused.map((one) => one.version).join(', ')}; it came from ${sources.join(', ')}`,
      );
    }),
  );
}

function siteOf(sites: readonly Site[], name: string): Site {
  const site = sites.find(({ region }) => region.name === name);
  if (!site) throw new Error(`there is no region ${name}`);
  return site;
}

function nameOf(origin: string): string {
  const host = new URL(origin).hostname;
  return host === middle ? 'platform' : `edge of ${regions.find(({ address }) => address === host)?.name ?? host}`;
}

function step(text: string): void {
  process.stdout.write(`\n» ${text}\n`);
}

function said(text: string): void {
  process.stdout.write(`  ${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}\n`);
}

process.exitCode = await main(process.argv.slice(2));
