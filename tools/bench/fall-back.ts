import { hash, randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programTarget } from '@vedette/release';
import { TestReleases } from '@vedette/testkit';
import { makeCertificates } from '../../apps/agent/src/testing/certificates.ts';
import { type EdgeFault, edgeFaults, ReleaseServer } from '../../apps/agent/src/testing/release-server.ts';
import { noProxies } from '../../apps/agent/src/transport/proxies.ts';
import { realDisk } from '../../apps/agent/src/upgrade/disk.ts';
import { describeProgram, fetchProgram } from '../../apps/agent/src/upgrade/fetch-program.ts';
import { Downloader } from '../../apps/agent/src/upgrade/origins/download.ts';
import { Origins } from '../../apps/agent/src/upgrade/origins/origins.ts';
import { refreshTrust } from '../../apps/agent/src/upgrade/refresh-trust.ts';

export const name = 'fall-back';
export const options = { bytes: 'size of the program (4000000)' };

interface World {
  readonly releases: TestReleases;
  /** The repository as it was a release earlier, and one whose timestamp has expired. */
  readonly old: string;
  readonly expired: string;
  readonly program: Buffer;
}

/** For every way an edge can fail: from the failure until the platform sends bytes, with the agent's own code over TLS on loopback. */
export async function run({ bytes = 4_000_000 }: Readonly<Record<string, number>> = {}): Promise<object> {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'vedette-fall-back-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const world = await makeWorld(stack, directory, bytes);
  const results: Record<string, object> = {};
  for (const fault of edgeFaults) results[fault] = await measure(fault, world, join(directory, `agent-${fault}`));
  const times = Object.values(results).map((result) => (result as { seconds: number }).seconds);
  return {
    kinds: edgeFaults.length,
    longestSeconds: Math.max(...times),
    wrong: times.filter((seconds) => !(seconds <= 10)).length,
    ...results,
  };
}

async function makeWorld(stack: AsyncDisposableStack, directory: string, bytes: number): Promise<World> {
  // Long enough ago for its timestamp to have expired, and for nothing else.
  const releases = stack.use(await TestReleases.create(new Date(Date.now() - 20 * 24 * 3600 * 1000)));
  const program = randomBytes(bytes);
  const [old, expired] = [join(directory, 'old'), join(directory, 'expired')];
  cpSync(releases.directory, expired, { recursive: true });
  await releases.releaseProgram(Buffer.from('an older program'), { product: 'agent', version: '1.0.0' });
  cpSync(releases.directory, old, { recursive: true });
  await releases.releaseProgram(program, { product: 'agent', version: '2.0.0' });
  return { releases, old, expired, program };
}

async function measure(fault: EdgeFault, { releases, old, expired, program }: World, directory: string) {
  const [ours, others] = [makeCertificates(), makeCertificates()];
  const content = fault === 'old' ? old : fault === 'expired' ? expired : releases.directory;
  await using edge = await ReleaseServer.start({ directory: content, tls: fault === 'tls' ? others.tls : ours.tls, fault });
  await using platform = await ReleaseServer.start({ directory: releases.directory, tls: ours.tls });
  mkdirSync(join(directory, 'tuf'), { recursive: true });
  mkdirSync(join(directory, 'download'));
  writeFileSync(join(directory, 'tuf/root.json'), await releases.root());
  using downloader = new Downloader({ ca: ours.ca, proxies: noProxies });
  const signal = new AbortController().signal;
  const startedAt = performance.now();
  const origins = new Origins({
    edges: [edge.url],
    platform: platform.url,
    get: (url, request) => downloader.get(url, request),
    lastGood: null,
    signal,
    random: Math.random,
  });
  await origins.probe();
  const { metadata } = await refreshTrust(join(directory, 'tuf'), origins, programTarget('agent', 'linux-x64', '2.0.0'));
  await using _metadata = metadata;
  const agent = await describeProgram(metadata, ['agent', 'linux-x64', '2.0.0']);
  const parts = { disk: realDisk, directory, metadata, origins, memoryBytes: 0 };
  const file = await fetchProgram(parts, agent, { path: '', sha256: '' });
  const isRight = hash('sha256', realDisk.read(file, program.length + 1) ?? '') === hash('sha256', program);
  const failedAt = edge.failedAt ?? startedAt;
  const answeredAt = platform.sentAt.find((at) => at >= failedAt) ?? Infinity;
  const [standing] = origins.standings();
  return {
    seconds: isRight ? Number(((answeredAt - failedAt) / 1000).toFixed(2)) : null,
    edgeBytes: standing?.bytes ?? 0,
    said: standing?.failure ?? '',
  };
}
