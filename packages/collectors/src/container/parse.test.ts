import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { container } from './index.ts';
import { parseContainerdBundle, parseContainerList, parseDockerContainer, parsePodmanContainers } from './parse.ts';

const docker = JSON.stringify({
  ID: 'abc',
  Name: '/web',
  Image: 'sha256:1',
  State: { Running: true, StartedAt: '2026-11-22T01:02:03Z' },
  Config: { Image: 'nginx:1.27', Env: ['PASSWORD=hunter2'], Cmd: ['x', 'hunter2'] },
});
const podman = JSON.stringify([
  { id: 'a'.repeat(64), names: ['db'], image: 'i1', metadata: '{"image-name":"docker.io/library/postgres:17","name":"db"}' },
  { id: '../../etc', names: [] },
]);

describe('container collector', () => {
  it('finds what runs and what does not, without environment and arguments', async () => {
    const host = fakeHost({
      '/var/lib/docker/containers/abc/config.v2.json': docker,
      '/var/lib/docker/containers/abc/hostconfig.json': '{"Privileged":true,"NetworkMode":"host"}',
      '/var/lib/docker/containers/broken/config.v2.json': '[',
      '/var/lib/containers/storage/overlay-containers/containers.json': podman,
      '/run/containerd/io.containerd.runtime.v2.task/moby/abc/config.json': '{}',
      '/run/containerd/io.containerd.runtime.v2.task/k8s.io/k1/config.json': JSON.stringify({
        process: { env: ['TOKEN=hunter2'] },
        annotations: { 'io.kubernetes.cri.container-name': 'app', 'io.kubernetes.cri.image-name': 'registry/app:1' },
        linux: { namespaces: [{ type: 'pid' }] },
      }),
    });
    const run = await runCollector(container, host);
    expect(run.rows).toMatchObject([
      { engine: 'docker', id: 'abc', name: 'web', image: 'nginx:1.27', state: 'running', privileged: true, networkMode: 'host' },
      { engine: 'podman', name: 'db', image: 'docker.io/library/postgres:17', state: 'stopped', privileged: null },
      { engine: 'containerd', id: 'k1', name: 'app', image: 'registry/app:1', networkMode: 'host' },
    ]);
    expect(JSON.stringify(run.rows)).not.toContain('hunter2');
  });

  it('knows a container of podman to run by its pid file', () => {
    expect(parsePodmanContainers(podman, () => true)).toMatchObject([{ state: 'running' }]);
  });

  it('asks no engine whose files are there, and takes what is no list for none', async () => {
    const files = { '/var/lib/docker/containers/abc/config.v2.json': docker };
    const sockets = {
      '/run/docker.sock /containers/json?all=1&limit=1000': '[{"Id":"asked"}]',
      '/run/podman/podman.sock /containers/json?all=1&limit=1000': '{"message":"no"}',
    };
    const run = await runCollector(container, fakeHost(files, { sockets }));
    expect(run.rows.map(({ id }) => id)).toEqual(['abc']);
  });

  it.each([
    ['{"Id":"a","State":"exited"}', { state: 'stopped', name: '' }],
    ['{"Id":"a","State":"paused","Names":["/x"]}', { state: 'running', name: 'x' }],
    ['{"Id":"a","Names":7,"HostConfig":"x"}', { state: 'unknown', name: '', networkMode: '' }],
  ])('reads %s of an engine', (row, expected) => {
    expect(parseContainerList('podman', `[${row},{"Names":["/no-id"]}]`)).toMatchObject([expected]);
  });

  it('takes any text', () => {
    const check = (text: string): void => {
      expect(parsePodmanContainers(text, () => false).length).toBeLessThan(3);
      expect(parseDockerContainer(text, text)?.engine ?? 'docker').toBe('docker');
      expect(parseContainerdBundle('x', text).id).toBe('x');
      expect(parseContainerList('docker', text).every(({ engine }) => engine === 'docker')).toBe(true);
    };
    fc.assert(fc.property(hostileText(docker, podman, '{"linux":{"namespaces":[null,1]}}', '{"__proto__":{"ID":"x"}}'), check));
    for (const text of oversizedTexts) check(text);
  });
});
