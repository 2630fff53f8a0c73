import { type Ecosystem, ecosystems } from '@vedette/ecosystems';
import { severities, type Severity, severityNames } from '@vedette/protocol';
import type { ReportDetection } from '../detection-rows.ts';
import { type Cell, type Column, rowsOf } from '../report-document.ts';
import { dayMs, detectionsOf, type ReportBody, type ReportSource } from './report-source.ts';

const weeks = 12;
const listLength = 10;
const periodDays = 30;

const severityColumns: readonly Column[] = severities.map((severity) => ({
  key: severityNames[severity],
  title: severityNames[severity],
  kind: 'number',
  width: 12,
}));
const trendColumns: readonly Column[] = [{ key: 'at', title: 'At', kind: 'moment', width: 16 }, ...severityColumns];
const worstColumns: readonly Column[] = [
  { key: 'asset', title: 'Asset', kind: 'text', width: 30 },
  { key: 'system', title: 'System', kind: 'text', width: 30 },
  ...severityColumns,
];
const upgradeColumns: readonly Column[] = [
  { key: 'source', title: 'Upgrade', kind: 'text', width: 26 },
  { key: 'version', title: 'To at least', kind: 'text', width: 26 },
  { key: 'severity', title: 'Worst', kind: 'text', width: 12 },
  { key: 'detections', title: 'Fixes', kind: 'number', width: 10 },
  { key: 'assets', title: 'On assets', kind: 'number', width: 10 },
];

interface Upgrade {
  readonly source: string;
  readonly ecosystem: Ecosystem['name'];
  version: string;
  severity: Severity;
  detections: number;
  assets: number;
  lastAsset: string;
}

/** What those who decide want to know: how much, which way it goes, where it is worst, what would help most. */
export async function summary(source: ReportSource): Promise<ReportBody> {
  const tally = new Tally(source);
  for await (const part of detectionsOf(source, { status: 'all', moments: tally.moments })) tally.take(part);
  return {
    figures: [
      { label: 'assets in scope', value: source.assets.length },
      { label: 'open detections', value: tally.open },
      ...severities
        .slice(0, 3)
        .map((severity) => ({ label: `open, ${severityNames[severity]}`, value: tally.now[severity - 1] ?? 0 })),
      { label: 'known to be exploited', value: tally.exploited },
      { label: `found in ${periodDays} days`, value: tally.found },
      { label: `fixed in ${periodDays} days`, value: tally.fixed },
      { label: `mean days to fix, ${periodDays} days`, value: tally.meanDaysToFix },
    ],
    tables: [
      {
        heading: 'Open detections, week by week',
        note: 'With the severity that each has at the moment of this report.',
        columns: trendColumns,
        rows: rowsOf(tally.trend()),
        isMain: true,
        empty: '',
      },
      {
        heading: 'Upgrades that fix most',
        columns: upgradeColumns,
        rows: rowsOf(tally.bestUpgrades()),
        isMain: false,
        empty: 'There is nothing to upgrade.',
      },
      {
        heading: 'Assets with the worst detections',
        columns: worstColumns,
        rows: rowsOf(tally.worst()),
        isMain: false,
        empty: 'No asset has any.',
      },
    ],
  };
}

/** Counts while detections pass by; what it keeps grows with assets and packages, not with detections. */
class Tally {
  readonly #asOf: Date;
  readonly moments: readonly Date[];
  readonly #counts: readonly number[][];
  readonly #byAsset = new Map<ReportDetection['asset'], number[]>();
  readonly #upgrades = new Map<string, Upgrade>();
  readonly now: number[] = [0, 0, 0, 0, 0];
  exploited = 0;
  found = 0;
  fixed = 0;
  #fixMs = 0;

  constructor({ asOf }: ReportSource) {
    this.#asOf = asOf;
    this.moments = Array.from({ length: weeks }, (_, week) => new Date(asOf.getTime() - (weeks - 1 - week) * 7 * dayMs));
    this.#counts = this.moments.map(() => [0, 0, 0, 0, 0]);
  }

  get open(): number {
    return this.now.reduce((sum, count) => sum + count, 0);
  }

  get meanDaysToFix(): Cell {
    return this.fixed === 0 ? null : Math.round((this.#fixMs / this.fixed / dayMs) * 10) / 10;
  }

  take(part: readonly ReportDetection[]): void {
    const since = this.#asOf.getTime() - periodDays * dayMs;
    for (const one of part) {
      const place = one.severity - 1;
      for (const [index, isOpen] of one.openAt.entries()) if (isOpen) add(this.#counts[index], place);
      if (one.firstFound.getTime() >= since) this.found += 1;
      if (one.fixedAt !== null && one.fixedAt.getTime() >= since) {
        this.fixed += 1;
        this.#fixMs += one.fixedAt.getTime() - one.foundAgain.getTime();
      }
      if (one.status === 'fixed') continue;
      add(this.now, place);
      if (one.kevSince !== null && one.confidence === 'confirmed') this.exploited += 1;
      const own = this.#byAsset.get(one.asset) ?? [0, 0, 0, 0, 0];
      this.#byAsset.set(one.asset, own);
      add(own, place);
      this.#takeUpgrades(one);
    }
  }

  trend(): Cell[][] {
    return this.moments.map((at, index) => [at.toISOString(), ...worstFirst(this.#counts[index] ?? [])]);
  }

  worst(): Cell[][] {
    const sorted = [...this.#byAsset].toSorted(([a, left], [b, right]) => {
      const differing = severities.find((severity) => left[severity - 1] !== right[severity - 1]);
      if (differing) return (right[differing - 1] ?? 0) - (left[differing - 1] ?? 0);
      return a.hostname + a.assetId < b.hostname + b.assetId ? -1 : 1;
    });
    return sorted.slice(0, listLength).map(([{ hostname, os }, counts]) => [hostname, os, ...worstFirst(counts)]);
  }

  bestUpgrades(): Cell[][] {
    const sorted = [...this.#upgrades].toSorted(
      ([a, left], [b, right]) => right.detections - left.detections || (a < b ? -1 : 1),
    );
    return sorted
      .slice(0, listLength)
      .map(([, one]) => [one.source, one.version, severityNames[one.severity], one.detections, one.assets]);
  }

  #takeUpgrades({ packages, severity, asset }: ReportDetection): void {
    for (const { source, ecosystem, release, fixed } of new Map(
      packages.map((one) => [`${one.release} ${one.source}`, one]),
    ).values()) {
      if (fixed === null) continue;
      const key = `${ecosystem} ${release} ${source}`;
      const name = ecosystem as Ecosystem['name']; // As an advisory's statement has it.
      const fresh = { source, ecosystem: name, version: fixed, severity, detections: 0, assets: 0, lastAsset: '' };
      const known: Upgrade = this.#upgrades.get(key) ?? fresh;
      this.#upgrades.set(key, known);
      known.detections += 1;
      if (severity > known.severity) known.severity = severity;
      // Detections come asset by asset.
      if (known.lastAsset !== asset.assetId) known.assets += 1;
      known.lastAsset = asset.assetId;
      if (ecosystems[name].compareVersions(fixed, known.version) > 0) known.version = fixed;
    }
  }
}

function add(counts: number[] | undefined, place: number): void {
  if (counts) counts[place] = (counts[place] ?? 0) + 1;
}

function worstFirst(counts: readonly number[]): Cell[] {
  return severities.map((severity) => counts[severity - 1] ?? 0);
}
