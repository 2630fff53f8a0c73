import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type AssetId, createActivationKey, setAssetRelease, setReleaseRules } from '@vedette/protocol';
import { certificateFor, eventually, NginxProcess, type PlatformProcess } from '@vedette/testkit';
import { InstalledAgent } from '../../../tests/e2e/installed-agent.ts';
import type { Ways } from './forwarders.ts';
import { inRegion, middle, type Region, regions } from './network.ts';
import type { Report } from './report.ts';

/** An edge and an agent of a region. */
export interface Site {
  readonly region: Region;
  readonly edge: NginxProcess;
  readonly agent: InstalledAgent;
}

const port = 8420;
const edgePort = 443;
const edgeBytesPerSecond = 60_000;
const patienceMs = 60_000;

/** Where agents find the platform. */
export const platformAddress = `https://${middle}:${port}`;

/** A region's part of the signed list: its own edge, then those of the others. */
export function originsOf(region: Region) {
  const others = regions.filter((other) => other !== region);
  return {
    name: region.name,
    title: region.title,
    origins: [region, ...others].map(({ address }) => `https://${address}:${edgePort}/`),
  };
}

/** An edge and an agent that has enrolled in each region. The edge of APAC gets all it has from a thief. */
export async function makeSites(
  stack: AsyncDisposableStack,
  { platform, code, report }: { platform: PlatformProcess; code: string; report: Report },
): Promise<Site[]> {
  const authority = mkdtempSync(join(tmpdir(), 'vedette-demo-'));
  stack.defer(() => rmSync(authority, { recursive: true }));
  const ways: Ways = {
    platform: platform.url,
    host: middle,
    ports: { agents: port, thief: port + 1, edges: port + 2 },
    certificate: certificateFor(authority, 'platform', middle),
  };
  const worker = new Worker(join(import.meta.dirname, 'forwarders.ts'), { workerData: ways });
  stack.defer(async () => void (await worker.terminate()));
  await once(worker, 'message');
  const { secret } = await platform.client.call(createActivationKey, { body: { name: 'demo' } });
  const sites: Site[] = [];
  for (const region of regions) {
    const source = `http://${middle}:${region.name === 'apac' ? ways.ports.thief : ways.ports.edges}`;
    const place = {
      address: region.address,
      port: edgePort,
      inside: inRegion(region),
      authority,
      bytesPerSecond: edgeBytesPerSecond,
    };
    const edge = stack.use(await NginxProcess.edge(source, {}, place));
    const environment = {
      VEDETTE_PLATFORM: platformAddress,
      VEDETTE_ACTIVATION_KEY: secret,
      VEDETTE_CA_FILE: join(authority, 'ca.pem'),
      VEDETTE_HOSTNAME: `agent-${region.name}`,
    };
    const agent = stack.use(new InstalledAgent(Buffer.from(code), environment, launcherIn(region)));
    agent.start();
    sites.push({ region, edge, agent });
  }
  await platform.client.call(setReleaseRules, { body: { rules: regions.map(({ name }) => ({ tags: [name], region: name })) } });
  for (const { region, agent } of sites) {
    const assetId = await eventually(`${region.name}: the enrollment`, patienceMs, () => agent.assetId);
    await platform.client.call(setAssetRelease, {
      params: { assetId: assetId as AssetId }, // an id of the platform
      body: { tags: [region.name], pin: null },
    });
    report.say(`${region.name}: enrolled; runs ${agent.run('version').trim()}`);
  }
  return sites;
}

export function siteOf(sites: readonly Site[], name: string): Site {
  const site = sites.find(({ region }) => region.name === name);
  if (!site) throw new Error(`there is no region ${name}`);
  return site;
}

/** The origin of a region's edge, as agents call it. */
export function edgeOrigin({ address }: Region): string {
  return new URL(`https://${address}:${edgePort}/`).href;
}

/** What people call an origin. */
export function nameOf(origin: string): string {
  const host = new URL(origin).hostname;
  return host === middle ? 'platform' : `edge of ${regions.find(({ address }) => address === host)?.name ?? host}`;
}

/** The shipped launcher, which goes into the region first. */
function launcherIn(region: Region): Buffer {
  const launcher = readFileSync(join(import.meta.dirname, '../../../deploy/agent/vedette-agent'), 'utf8');
  const enter = `[ -n "\${IN_REGION-}" ] || IN_REGION=1 exec ${inRegion(region).join(' ')} "$0" "$@"`;
  return Buffer.from(launcher.replace('\n', `\n${enter}\n`));
}
