import { memoryUsage, threadCpuUsage } from 'node:process';
import { newForDays } from '../../apps/server/src/detections/derive.ts';
import { type CheckChange, OrganizationIndex } from '../../apps/server/src/fleet-index/organization-index.ts';
import { PendingCounts } from '../../apps/server/src/fleet-index/pending-counts.ts';
import { selectAssets } from '../../apps/server/src/fleet-index/select-assets.ts';
import { countDays } from '../../apps/server/src/fleet-index/count-days.ts';
import { countChecks, countEachAsset, groupAssets } from '../../apps/server/src/fleet-index/count-groups.ts';
import { selectDetections, selectPage } from '../../apps/server/src/fleet-index/select-detections.ts';
import type { Selected } from '../../apps/server/src/fleet-index/selection.ts';
import { whatRemains } from '../../apps/server/src/fleet-index/what-remains.ts';
import { countDetections, countFoundAt, topChecks, topUpgrades } from '../../apps/server/src/fleet-index/summarize-fleet.ts';
import { type IndexedVerdict, VerdictBook } from '../../apps/server/src/fleet-index/verdict-book.ts';
import { seededRandom } from '../oracle/claims.ts';

export const name = 'index';
export const options = {
  assets: 'machines; 100000 if not given',
  packages: 'packages of each; 700',
  checks: 'checks of the knowledge base; 50000',
  seed: 'of all that is random; 1',
};

const releases = 8;
const names = 3000;
const levels = 12;
const images = 30;
const day = 24 * 3600 * 1000;
const now = Date.parse('2026-11-22T12:00:00Z');

type Random = () => number;

/**
 * The fleet index alone, without database and HTTP: machines of 30 images of 8 releases at 12 patch levels, with roles, packages of their
 * own and drift, so that a machine differs from its image in some 60 packages. Times are CPU times, in ms; memory in bytes; deltas in µs.
 */
export async function run({ assets = 100_000, packages = 700, checks = 50_000, seed = 1 }): Promise<Record<string, number>> {
  const random = seededRandom(seed);
  const fleet = new Fleet(random, packages);
  const before = memory();
  const book = new VerdictBook();
  const verdicts = enterChecks(book, fleet, { checks, random });
  const index = new OrganizationIndex(book, now);
  const buildMs = load(index, fleet, assets);
  const judgeAllMs = timed(() => index.judgeFirst(book.checks.keys()));
  const openDetections = index.table.assets.reduce((sum, _asset, number) => sum + openOn(index, number), 0);
  const figures: Record<string, number> = {
    assets,
    packagesPerAsset: packages,
    checks,
    verdicts,
    bases: index.packages.bases,
    openDetections,
    buildMs,
    judgeAllMs,
    memoryBytes: memory() - before,
  };
  figures['memoryBytesPerAsset'] = (figures['memoryBytes'] ?? 0) / assets;
  for (const count of [1, 100, 1000]) figures[`newChecks${count}Ms`] = changeChecks(index, fleet, { count, random });
  Object.assign(figures, deltas(index, fleet, random), queries(index));
  figures['rssBytes'] = memoryUsage().rss;
  index.dispose();
  return figures;
}

/** Versions of packages, by release, name and patch level, and which machine has which. */
class Fleet {
  readonly #random: Random;
  readonly #images: { readonly release: number; readonly names: readonly number[] }[];
  readonly #roles: readonly (readonly number[])[];
  /** How many versions a package went through up to each patch level: most through one. */
  readonly #rates: readonly number[];

  constructor(random: Random, packages: number) {
    this.#random = random;
    const some = (count: number) => [...new Set(Array.from({ length: count * 2 }, () => skewed(random, names)))].slice(0, count);
    this.#images = Array.from({ length: images }, (_, image) => ({
      release: image % releases,
      names: some(Math.round(packages * 0.93)),
    }));
    this.#roles = Array.from({ length: 40 }, () => some(15));
    this.#rates = Array.from({ length: names }, () => (random() < 0.8 ? 0 : random()));
  }

  id(release: number, name: number, level: number): number {
    return (release * names + name) * levels + Math.floor(level * (this.#rates[name] ?? 0)) + 1;
  }

  /** Package versions of one machine, ascending. */
  machine(): Uint32Array {
    const random = this.#random;
    const image = this.#images[skewed(random, images)] ?? { release: 0, names: [] };
    const level = levels - 1 - skewed(random, levels);
    const have = new Set(image.names);
    for (let roles = Math.floor(random() * 4); roles > 0; roles -= 1) {
      for (const one of this.#roles[Math.floor(random() * 40)] ?? []) have.add(one);
    }
    for (let extra = 0; extra < 20; extra += 1) have.add(Math.floor(random() * names));
    for (let less = 0; less < 6; less += 1) have.delete(image.names[Math.floor(random() * image.names.length)] ?? 0);
    const ids = Array.from(have, (one) => this.id(image.release, one, random() < 0.03 ? Math.floor(random() * levels) : level));
    return Uint32Array.from(ids).sort();
  }

  /** The versions of a package in a release, oldest first. */
  versions(release: number, one: number): number[] {
    return [...new Set(Array.from({ length: levels }, (_, level) => this.id(release, one, level)))];
  }
}

/** Small numbers more often than large ones. */
function skewed(random: Random, limit: number): number {
  return Math.floor(random() ** 2 * limit);
}

function enterChecks(book: VerdictBook, fleet: Fleet, { checks, random }: { checks: number; random: Random }): number {
  for (let number = 1; number <= checks; number += 1) {
    const severity = 1 + Math.floor(random() * 5);
    book.enterCheck({
      number,
      name: `CVE-2026-${number}`,
      severity,
      exploited: random() < 0.01,
      epss: random(),
      cvss: 2 * severity,
    });
    for (const verdict of verdictsOf(fleet, { check: number, random, from: now - 400 * day })) book.enterVerdict(verdict);
  }
  return book.verdicts;
}

/** A vulnerability of one package: mostly older than all that is installed, else mended at some patch level, or not yet. */
function verdictsOf(fleet: Fleet, { check, random, from }: { check: number; random: Random; from: number }): IndexedVerdict[] {
  const name = Math.floor(random() * names);
  const kind = random();
  const [isOpen, isOld] = [kind < 0.016, kind > 0.05];
  return Array.from({ length: releases }, (_, release) => release).flatMap((release) => {
    const versions = fleet.versions(release, name);
    const fixedAt = isOpen ? versions.length : isOld ? 0 : Math.floor(random() * versions.length);
    const upgrade = isOpen ? null : { ecosystem: 'debian', release: `${release}`, source: `${name}`, fixed: `${fixedAt}` };
    const verdict = { check, validFrom: 1, from, until: Number.POSITIVE_INFINITY, confirmed: true, potential: false, upgrade };
    return versions.slice(0, fixedAt).map((packageVersion) => ({ ...verdict, packageVersion }));
  });
}

/** Loads machines that came in the last year; returns ms without making them up. */
function load(index: OrganizationIndex, fleet: Fleet, assets: number): number {
  let ms = 0;
  for (let number = 1; number <= assets; number += 1) {
    const ids = [...fleet.machine()];
    const birth = now - 300 * day + (number % 250) * day;
    const facts = {
      ecosystem: 'debian',
      release: `${number % releases}`,
      os: 'Debian',
      architecture: 'amd64',
      agentVersion: '1.0.0',
      hasCheckedIn: true,
      pendingRestart: number % 20 === 0,
      firstSeen: birth,
    };
    ms += timed(() => {
      const asset = index.enterAsset({ number, assetId: `asset-${number}`, hostname: `host-${number}`, ...facts });
      index.load(asset, { birth, lastChange: birth, steady: ids, presences: [] });
    });
  }
  return ms;
}

function changeChecks(index: OrganizationIndex, fleet: Fleet, { count, random }: { count: number; random: Random }): number {
  const at = index.momentFor(now) + 1000;
  const numbers = Array.from({ length: count }, () => index.book.checks.length + 1 + Math.floor(random() * 1e9));
  const fresh = numbers.map((check) => ({
    check,
    verdicts: verdictsOf(fleet, { check, random: () => random() * 0.016, from: at }),
  }));
  return timed(() => {
    const changes = fresh.map(({ check, verdicts }): CheckChange => {
      const place = index.book.enterCheck({
        number: check,
        name: `${check}`,
        severity: 4,
        exploited: false,
        epss: null,
        cvss: null,
      });
      for (const verdict of verdicts) index.book.enterVerdict(verdict);
      return { place, packageVersions: new Set(verdicts.map(({ packageVersion }) => packageVersion)), ended: false };
    });
    const counts = new PendingCounts(index.table);
    const unclear = index.judge(changes, { at, isLate: false }, counts);
    counts.settle();
    if (unclear.size > 0) throw new Error('nothing is unclear in a fleet without history');
  });
}

/** Five packages upgraded on one machine, of random ones. */
function deltas(index: OrganizationIndex, fleet: Fleet, random: Random): Record<string, number> {
  const at = index.momentFor(now) + 1000;
  const count = 10_000;
  const changes = Array.from({ length: count }, (_, number) => {
    const asset = Math.floor(random() * index.table.assets.length);
    const ids = index.packages.idsOf(asset);
    const removed = new Set(Array.from({ length: 5 }, () => ids[Math.floor(random() * ids.length)] ?? 0));
    const added = [...removed].map((id) =>
      fleet.id(Math.floor((id - 1) / levels / names), Math.floor((id - 1) / levels) % names, levels - 1),
    );
    return { asset, change: { at: at + number, added, removed: [...removed].filter((id) => !added.includes(id)) } };
  });
  const ms = timed(() => {
    for (const { asset, change } of changes) index.change(asset, change);
  });
  return { deltaMeanUs: (ms * 1000) / count };
}

function queries(index: OrganizationIndex): Record<string, number> {
  const asOf = index.momentFor(now) + 1000;
  const page = { asOf, newForDays, limit: 100, offset: 0 };
  const debian3 = index.table.where(({ release }) => release === '3');
  const trend = Array.from({ length: 14 }, (_, number) => asOf - (13 - number) * day);
  const select = (visit: (selected: Selected) => void): void => selectDetections(index, { status: 'open' }, page, visit);
  const tenChecks = new Set(topChecks(index, 10).map(({ check }) => check.number));
  const asked: Record<string, () => unknown> = {
    counts: () => countDetections(index, asOf, 7),
    topChecks: () => topChecks(index, 10),
    topUpgrades: () => topUpgrades(index, 10),
    trend: () => countFoundAt(index, trend),
    detections: () => selectPage(index, { status: 'open' }, page),
    detectionsFiltered: () => selectPage(index, { status: 'new', severity: 4, assets: debian3 }, { ...page, offset: 5000 }),
    assets: () => selectAssets(index, { silent: null }, { limit: 100, offset: 0 }),
    assetsFiltered: () => selectAssets(index, { search: 'host-1', severity: 4, silent: null }, { limit: 100, offset: 1000 }),
    countsByRelease: () => groupAssets(index, countEachAsset(index, select), ({ release }) => release),
    countsByCheck: () => countChecks(select),
    countsByDay: () => countDays(index, select, countEachAsset(index, select)),
    whatIfTenChecks: () => whatRemains(index, { checks: tenChecks, upgrades: new Set() }),
  };
  const figures: Record<string, number> = {};
  for (const [query, ask] of Object.entries(asked)) {
    const times = Array.from({ length: 20 }, () => timed(ask));
    figures[`${query}P50Ms`] = percentile(times, 0.5);
    figures[`${query}MaxMs`] = percentile(times, 1);
  }
  debian3.dispose();
  return figures;
}

function openOn(index: OrganizationIndex, asset: number): number {
  return [1, 2, 3, 4, 5].reduce((sum, severity) => sum + index.table.countOf(asset, severity), 0);
}

function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = memoryUsage();
  return heapUsed + external;
}

/** CPU time of this thread: what else the machine does is no part of it. */
function timed(task: () => unknown): number {
  const begin = threadCpuUsage();
  task();
  const { user, system } = threadCpuUsage(begin);
  return (user + system) / 1000;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
