import { inventoryFacts } from '@vedette/protocol';
import { defineCollector, type RowOf } from '../collector.ts';
import type { Host } from '../host.ts';
import { parseSnapFile, parseSnapVersion } from './parse.ts';

type Bundle = RowOf<(typeof inventoryFacts)['app-bundle']>;

const snaps = '/var/lib/snapd/snaps';
const flatpaks = ['/var/lib/flatpak/app', '/var/lib/flatpak/runtime'] as const;
const limit = { maxBytes: 256 * 1024 };
/** Names looked at in one directory. */
const maxNames = 1000;

export const appBundle = defineCollector({
  fact: inventoryFacts['app-bundle'],
  describes: 'Applications in bundles of their own: snaps and system-wide flatpaks.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: [
      snaps,
      '/snap/*/current',
      '/snap/*/*/meta/snap.yaml',
      ...flatpaks.flatMap((root) => [root, `${root}/*`, `${root}/*/*/*`]),
    ],
    maxBytes: limit.maxBytes,
  },
  // An update of a flatpak changes the time of this file.
  watches: [snaps, ...flatpaks, '/var/lib/flatpak/.changed'],
  refreshSeconds: null,
  async rows(host) {
    const rows = snapRows(host);
    await host.breathe();
    return { rows: [...rows, ...flatpaks.flatMap((root) => flatpakRows(host, root))] };
  },
});

function list(host: Host, path: string): string[] {
  return (host.listDirectory(path) ?? []).slice(0, maxNames);
}

function snapRows(host: Host): Bundle[] {
  return list(host, snaps).flatMap((file) => {
    const snap = parseSnapFile(file);
    if (snap === null) return [];
    const { name, revision } = snap;
    const version = parseSnapVersion(host.readText(`/snap/${name}/${revision}/meta/snap.yaml`, limit) ?? '');
    const active = host.readLink(`/snap/${name}/current`)?.split('/').at(-1) === revision;
    return [{ manager: 'snap', name, version: version || revision, revision, branch: '', active } as const];
  });
}

/** `app/org.gimp.GIMP/x86_64/stable/active` is a link to the commit that is used. */
function flatpakRows(host: Host, root: string): Bundle[] {
  return list(host, root).flatMap((name) =>
    list(host, `${root}/${name}`).flatMap((architecture) =>
      list(host, `${root}/${name}/${architecture}`).flatMap((branch) => {
        const revision = host.readLink(`${root}/${name}/${architecture}/${branch}/active`);
        if (revision === null) return [];
        const row = { manager: 'flatpak', name, version: `${branch}/${architecture}`, revision, branch, active: true } as const;
        return [row];
      }),
    ),
  );
}
