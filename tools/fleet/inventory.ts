import type { FactRow } from '@vedette/protocol';
import { type CatalogueEntry, type CatalogueRelease, hashedId } from './catalogue.ts';
import { Random } from './random.ts';

/** How a fleet is made up. Shares and counts are those of fleets that were looked at; see docs/scale.md. */
const releaseShares = [0.55, 0.85, 0.95, 1];
const familiesPerRelease = 8;
const patchLevels = 12;
const roles = 40;
const packagesPerImage = 640;
const packagesPerRole = 25;
const driftShare = 0.02;
const removedShare = 0.01;

/** Who an asset is; all else follows from it and the seed. */
export interface AssetPlan {
  readonly index: number;
  readonly release: CatalogueRelease;
  readonly family: number;
  readonly patchLevel: number;
  readonly hostname: string;
}

/** Version of each package of the release, -1 where it is not installed. */
export type Installed = Int8Array;

/** The assets of a fleet, made up anew whenever asked: nothing of them has to be kept. */
export class FleetPlan {
  readonly #seed: number;
  readonly #releases: readonly CatalogueRelease[];
  readonly #images = new Map<string, Installed>();

  constructor(seed: number, releases: readonly CatalogueRelease[]) {
    this.#seed = seed;
    this.#releases = releases;
  }

  asset(index: number): AssetPlan {
    const random = new Random(this.#seed, 'asset', index);
    const share = random.next();
    const release = this.#releases[releaseShares.findIndex((end) => share < end)];
    if (!release) throw new Error('the catalogue lacks a release');
    const family = random.below(familiesPerRelease);
    // Most machines are patched to within a few weeks, some are forgotten.
    const patchLevel = Math.floor(patchLevels * (1 - random.next() ** 2.5) * 0.999);
    const hostname = `${['web', 'db', 'app', 'ci', 'mail', 'proxy', 'desk', 'edge'][family] ?? 'host'}-${index}`;
    return { index, release, family, patchLevel, hostname };
  }

  /** What is installed at first: the image, roles on top, and what people did to this machine alone. */
  installed(asset: AssetPlan): Installed {
    const installed = Int8Array.from(this.#image(asset));
    const random = new Random(this.#seed, 'packages', asset.index);
    const { packages } = asset.release;
    for (let count = random.below(4); count > 0; count -= 1) {
      const role = new Random(this.#seed, 'role', random.below(roles));
      for (let each = 0; each < packagesPerRole; each += 1) {
        const at = role.below(packages.length);
        if (installed[at] === -1) installed[at] = this.#versionAt(asset, at);
      }
    }
    for (const [at, version] of installed.entries()) {
      if (version < 0) continue;
      const chance = random.next();
      if (chance < removedShare) installed[at] = -1;
      else if (chance < removedShare + driftShare) installed[at] = random.below(packages[at]?.length ?? 1);
    }
    return installed;
  }

  /** What changes the n-th time: up to five packages get another version, mostly a newer one. Changes `installed` and returns the new rows. */
  drift(asset: AssetPlan, installed: Installed, step: number): { added: CatalogueEntry[]; replaced: CatalogueEntry[] } {
    const random = new Random(this.#seed, 'delta', asset.index, step);
    const { packages } = asset.release;
    const added: CatalogueEntry[] = [];
    const replaced: CatalogueEntry[] = [];
    const wanted = 1 + random.below(5);
    const touched = new Set<number>();
    for (let attempt = 0; attempt < 2000 && added.length < wanted; attempt += 1) {
      const at = random.below(packages.length);
      const versions = packages[at] ?? [];
      const version = installed[at] ?? -1;
      if (version < 0 || versions.length < 2 || touched.has(at)) continue;
      touched.add(at);
      const next = random.next() < 0.8 ? Math.min(version + 1, versions.length - 1) : random.below(versions.length);
      const [before, after] = [versions[version], versions[next === version ? (version + 1) % versions.length : next]];
      if (!before || !after || before === after) continue;
      installed[at] = versions.indexOf(after);
      added.push(after);
      replaced.push(before);
    }
    return { added, replaced };
  }

  entries(asset: AssetPlan, installed: Installed): CatalogueEntry[] {
    const { packages } = asset.release;
    const entries: CatalogueEntry[] = [];
    for (let at = 0; at < installed.length; at += 1) {
      const version = installed[at] ?? -1;
      const found = version < 0 ? undefined : packages[at]?.[version];
      if (found) entries.push(found);
    }
    return entries;
  }

  /** Rows of the other collectors, by name. */
  facts(asset: AssetPlan): Map<string, FactRow[]> {
    const { index, release, family, hostname, patchLevel } = asset;
    const random = new Random(this.#seed, 'facts', index);
    const uname = `6.1.0-${20 + patchLevel}-amd64`;
    const kernel = (name: string, running: boolean): FactRow => {
      return {
        release: name,
        running,
        version: running ? `6.1.${100 + patchLevel}-1` : '',
        banner: running ? '#1 SMP Debian' : '',
      };
    };
    const service = (at: number): FactRow => {
      return {
        name: `service-${family}-${at}.service`,
        manager: 'systemd',
        enabled: at % 3 ? 'enabled' : 'static',
        active: 'active',
      };
    };
    const socket = (port: number): FactRow => ({ protocol: 'tcp', address: '0.0.0.0', port, process: `daemon-${port}`, uid: 0 });
    const user = (at: number): FactRow => {
      return { name: `user${at}`, uid: at, gid: at, home: `/home/user${at}`, shell: '/bin/sh', password: 'locked', groups: [] };
    };
    const os = {
      id: 'debian',
      idLike: '',
      versionId: release.versionId,
      codename: release.codename,
      prettyName: `Debian GNU/Linux ${release.versionId} (${release.codename})`,
      hostname,
      architecture: 'amd64',
    };
    const hardware = {
      vendor: 'QEMU',
      product: 'Standard PC',
      biosVersion: '1.16',
      cpuModel: 'Virtual CPU',
      cpuCount: 2 << random.below(4),
      memoryBytes: 2 ** (31 + random.below(4)),
      virtualization: 'kvm',
      machineId: hashedId(`machine ${this.#seed} ${index}`),
      bootedAt: '2026-11-01T06:00:00Z',
    };
    const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/8`;
    const mac = `02:00:00:${hex(index >> 16)}:${hex(index >> 8)}:${hex(index)}`;
    return new Map<string, FactRow[]>([
      ['os', [os]],
      ['kernel', [kernel(uname, true), kernel(`6.1.0-${19 + patchLevel}-amd64`, false)]],
      ['hardware', [hardware]],
      ['network-interface', [{ name: 'eth0', mac, state: 'up', mtu: 1500, addresses: [address] }]],
      ['user', Array.from({ length: 22 + random.below(4) }, (_, at) => user(at))],
      ['service', Array.from({ length: 60 + family * 5 }, (_, at) => service(at))],
      ['listening-socket', Array.from({ length: 3 + random.below(6) }, (_, at) => socket(22 + at * 100))],
      ['file-system', [{ mount: '/', device: '/dev/vda1', type: 'ext4', sizeBytes: 2 ** 35, usedPercent: 5 * random.below(20) }]],
      [
        'restart',
        random.next() < 0.1 ? [{ kind: 'flag', subject: '/run/reboot-required', detail: ['linux'], processes: 0 }] : [],
      ],
    ]);
  }

  #image(asset: AssetPlan): Installed {
    const { release, family, patchLevel } = asset;
    const name = `${release.codename} ${family} ${patchLevel}`;
    const known = this.#images.get(name);
    if (known) return known;
    const random = new Random(this.#seed, 'image', release.codename, family);
    const image = new Int8Array(release.packages.length).fill(-1);
    let count = Math.min(packagesPerImage, Math.floor(release.packages.length * 0.8));
    // Half of an image is what every installation of the release has.
    const base = new Random(this.#seed, 'base', release.codename);
    while (count > 0) {
      const at = (count % 2 === 0 ? base : random).below(image.length);
      if (image[at] !== -1) continue;
      image[at] = this.#versionAt(asset, at);
      count -= 1;
    }
    this.#images.set(name, image);
    return image;
  }

  /** The version that a machine of this patch level has. */
  #versionAt({ release, patchLevel }: AssetPlan, at: number): number {
    const versions = release.packages[at]?.length ?? 1;
    return Math.min(versions - 1, Math.floor((versions * (patchLevel + 1)) / patchLevels));
  }
}

function hex(value: number): string {
  return (value & 255).toString(16).padStart(2, '0');
}
