import type { inventoryFacts } from '@vedette/protocol';
import type { RowOf } from '../collector.ts';
import { at, parseJsonList, parseJsonObject, textAt } from '../shared/json.ts';

export type Container = RowOf<(typeof inventoryFacts)['container']>;

/** Docker's config.v2.json and hostconfig.json of one container; null when the first is none. */
export function parseDockerContainer(config: string, hostConfig: string): Container | null {
  const container = parseJsonObject(config);
  const id = textAt(container, 'ID');
  if (id === '') return null;
  const host = parseJsonObject(hostConfig);
  const startedAt = textAt(container, 'State', 'StartedAt');
  return {
    engine: 'docker',
    id,
    name: textAt(container, 'Name').replace(/^\//, ''),
    image: textAt(container, 'Config', 'Image'),
    imageId: textAt(container, 'Image'),
    state: at(container, 'State', 'Running') === true ? 'running' : 'stopped',
    privileged: at(host, 'Privileged') === true,
    networkMode: textAt(host, 'NetworkMode'),
    // Docker's zero time, of a container that never ran.
    startedAt: startedAt.startsWith('0001-') ? '' : startedAt,
  };
}

/** The list that podman's storage keeps. Whether one runs is told by `isRunning`. */
export function parsePodmanContainers(list: string, isRunning: (id: string) => boolean): Container[] {
  return parseJsonList(list).flatMap((container) => {
    const id = textAt(container, 'id');
    if (!/^[0-9a-f]{12,64}$/.test(id)) return [];
    // A document inside of the document.
    const metadata = parseJsonObject(textAt(container, 'metadata'));
    const names = at(container, 'names');
    const [first] = Array.isArray(names) ? (names as unknown[]) : [];
    return {
      engine: 'podman',
      id,
      name: textAt(metadata, 'name') || (typeof first === 'string' ? first : ''),
      image: textAt(metadata, 'image-name'),
      imageId: textAt(container, 'image'),
      state: isRunning(id) ? 'running' : 'stopped',
      privileged: null,
      networkMode: '',
      startedAt: '',
    } as const;
  });
}

/** A running container of containerd, by the config.json of its bundle (OCI runtime specification) with the annotations of Kubernetes. */
export function parseContainerdBundle(id: string, config: string): Container {
  const bundle = parseJsonObject(config);
  const annotation = (name: string): string => textAt(bundle, 'annotations', name);
  const namespaces = at(bundle, 'linux', 'namespaces');
  const hasOwnNetwork =
    Array.isArray(namespaces) && namespaces.some((one: unknown) => textAt({ one }, 'one', 'type') === 'network');
  return {
    engine: 'containerd',
    id,
    name: annotation('io.kubernetes.cri.container-name') || annotation('io.kubernetes.cri.sandbox-name'),
    image: annotation('io.kubernetes.cri.image-name'),
    imageId: '',
    state: 'running',
    privileged: null,
    networkMode: bundle === null ? '' : hasOwnNetwork ? 'namespace' : 'host',
    startedAt: '',
  };
}

/** Docker's reply to `GET /containers/json`, which podman gives as well. It holds commands and labels, too, which are left out. */
export function parseContainerList(engine: 'docker' | 'podman', list: string): Container[] {
  return parseJsonList(list).flatMap((container) => {
    const id = textAt(container, 'Id');
    if (id === '') return [];
    const names = at(container, 'Names');
    const [first] = Array.isArray(names) ? (names as unknown[]) : [];
    const state = textAt(container, 'State');
    return {
      engine,
      id,
      name: typeof first === 'string' ? first.replace(/^\//, '') : '',
      image: textAt(container, 'Image'),
      imageId: textAt(container, 'ImageID'),
      state: state === '' ? 'unknown' : state === 'running' || state === 'paused' ? 'running' : 'stopped',
      privileged: null,
      networkMode: textAt(container, 'HostConfig', 'NetworkMode'),
      startedAt: '',
    } as const;
  });
}
