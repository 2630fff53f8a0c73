import { inventoryFacts } from '@vedette/protocol';
import { defineCollector, type CollectorProblem } from '../collector.ts';
import type { Host } from '../host.ts';
import {
  type Container,
  parseContainerdBundle,
  parseContainerList,
  parseDockerContainer,
  parsePodmanContainers,
} from './parse.ts';

const limit = { maxBytes: 1024 * 1024 };
const maxContainers = 1000;
const docker = '/var/lib/docker/containers';
const podman = '/var/lib/containers/storage/overlay-containers';
const podmanRun = '/run/containers/storage/overlay-containers';
const containerd = '/run/containerd/io.containerd.runtime.v2.task';
/** Both speak the same language. containerd itself speaks gRPC and is not asked. */
const sockets = [
  { engine: 'docker', socket: '/run/docker.sock', files: docker },
  { engine: 'podman', socket: '/run/podman/podman.sock', files: podman },
] as const;
const question = `/containers/json?all=1&limit=${maxContainers}`;

export const container = defineCollector({
  fact: inventoryFacts.container,
  describes:
    'Containers, from the files that docker, podman and containerd keep; an engine whose files lie elsewhere is asked on its socket.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: [
      docker,
      `${docker}/*/config.v2.json`,
      `${docker}/*/hostconfig.json`,
      `${podman}/containers.json`,
      `${podmanRun}/*/userdata/pidfile`,
      containerd,
      `${containerd}/*`,
      `${containerd}/*/*/config.json`,
      ...sockets.map(({ socket }) => socket),
    ],
    maxBytes: limit.maxBytes,
  },
  // Not what lies deeper: the logs of the containers are there too.
  watches: [docker, `${podman}/containers.json`, `${containerd}/k8s.io`, `${containerd}/default`],
  refreshSeconds: 900,
  async rows(host) {
    const problems: CollectorProblem[] = [];
    const rows: Container[] = [];
    for (const read of [dockerContainers, podmanContainers, containerdContainers, askedContainers]) {
      await host.breathe();
      const found = await read(host);
      if (found.length >= maxContainers) problems.push({ path: '', code: 'LIMIT' });
      rows.push(...found);
    }
    return { rows, problems };
  },
});

function list(host: Host, path: string): string[] {
  return (host.listDirectory(path) ?? []).slice(0, maxContainers);
}

function dockerContainers(host: Host): Container[] {
  return list(host, docker).flatMap((id) => {
    const config = host.readText(`${docker}/${id}/config.v2.json`, limit);
    if (config === null) return [];
    return parseDockerContainer(config, host.readText(`${docker}/${id}/hostconfig.json`, limit) ?? '') ?? [];
  });
}

function podmanContainers(host: Host): Container[] {
  const text = host.readText(`${podman}/containers.json`, { maxBytes: 16 * 1024 * 1024 }) ?? '';
  return parsePodmanContainers(text, (id) => host.stat(`${podmanRun}/${id}/userdata/pidfile`) !== null).slice(0, maxContainers);
}

function containerdContainers(host: Host): Container[] {
  // Docker runs its containers by containerd, under this name.
  const namespaces = list(host, containerd).filter((name) => name !== 'moby');
  return namespaces.flatMap((namespace) =>
    list(host, `${containerd}/${namespace}`).map((id) =>
      parseContainerdBundle(id, host.readText(`${containerd}/${namespace}/${id}/config.json`, limit) ?? ''),
    ),
  );
}

/** A socket that systemd holds would start its engine: only where the engine's own files, which are read otherwise, lie elsewhere. */
async function askedContainers(host: Host): Promise<Container[]> {
  const rows: Container[] = [];
  for (const { engine, socket, files } of sockets) {
    if (host.listDirectory(files) !== null) continue;
    const answer = await host.askSocket(socket, question, { maxBytes: 16 * 1024 * 1024 });
    if (answer !== null) rows.push(...parseContainerList(engine, answer).slice(0, maxContainers));
  }
  return rows;
}
