import { type Ecosystem, ecosystems } from '@vedette/ecosystems';
import { severityNames, type Severity } from '@vedette/protocol';
import type { ReportDetection } from '../detection-rows.ts';
import type { Cell, Column } from '../report-document.ts';
import { detectionsOf, type ReportBody, type ReportSource } from './report-source.ts';

const columns: readonly Column[] = [
  { key: 'asset', title: 'Asset', kind: 'text', width: 18 },
  { key: 'source', title: 'Upgrade', kind: 'text', width: 16 },
  { key: 'version', title: 'To at least', kind: 'text', width: 18 },
  { key: 'installed', title: 'Installed', kind: 'text', width: 26 },
  { key: 'severity', title: 'Worst', kind: 'text', width: 9 },
  { key: 'detections', title: 'Fixes', kind: 'number', width: 7 },
  { key: 'knownExploited', title: 'Exploited', kind: 'number', width: 8 },
  { key: 'checks', title: 'Which', kind: 'text', width: 28 },
  { key: 'assetId', title: 'Asset id', kind: 'text', width: 10 },
];

const withoutColumns: readonly Column[] = [
  { key: 'asset', title: 'Asset', kind: 'text', width: 18 },
  { key: 'severity', title: 'Severity', kind: 'text', width: 9 },
  { key: 'check', title: 'Check', kind: 'text', width: 16 },
  { key: 'packages', title: 'Installed', kind: 'text', width: 30 },
];

/** For whoever owns the assets: for each asset the upgrades that fix all that can be fixed, the worst first. */
export async function fixList(source: ReportSource): Promise<ReportBody> {
  return {
    figures: [{ label: 'assets in scope', value: source.assets.length }],
    tables: [
      {
        heading: 'Upgrades',
        note: 'A version fixes what lower ones fix, too; newer ones may be there.',
        columns,
        rows: upgradeRows(source),
        isMain: true,
        empty: 'There is nothing to upgrade.',
      },
      {
        heading: 'Without a fix',
        note: 'The vendor has published none, or it is a setting.',
        columns: withoutColumns,
        rows: unfixableRows(source),
        isMain: false,
        empty: 'Everything that is open has a fix.',
      },
    ],
  };
}

/** Detections come asset by asset, and an asset's all in one part: see detectionRows. */
async function* upgradeRows(source: ReportSource): AsyncGenerator<Cell[][]> {
  for await (const part of detectionsOf(source, { status: 'open' })) {
    const rows: Cell[][] = [];
    for (const [{ hostname, assetId }, found] of Map.groupBy(part, ({ asset }) => asset)) {
      for (const upgrade of upgradesOf(found)) {
        const { name, version, installed, severity, checks, exploited } = upgrade;
        const all = [...checks].join(', ');
        rows.push([
          hostname,
          name,
          version,
          [...installed].join(', '),
          severityNames[severity],
          checks.size,
          exploited,
          all,
          assetId,
        ]);
      }
    }
    if (rows.length > 0) yield rows;
  }
}

interface AssetUpgrade {
  readonly name: string;
  readonly ecosystem: Ecosystem['name'];
  version: string;
  severity: Severity;
  exploited: number;
  readonly installed: Set<string>;
  readonly checks: Set<string>;
}

/** For each source package the highest of the fixing versions. */
export function upgradesOf(found: readonly ReportDetection[]): AssetUpgrade[] {
  const upgrades = new Map<string, AssetUpgrade>();
  for (const { name, title, severity, kevSince, packages } of found) {
    for (const { source, ecosystem, release, fixed, installed, name: binary } of packages) {
      if (fixed === null) continue;
      const key = `${ecosystem} ${release} ${source}`;
      const known = upgrades.get(key) ?? {
        name: source,
        ecosystem: ecosystem as Ecosystem['name'], // As an advisory's statement has it.
        version: fixed,
        severity,
        exploited: 0,
        installed: new Set<string>(),
        checks: new Set<string>(),
      };
      upgrades.set(key, known);
      if (!known.checks.has(title ?? name) && kevSince !== null) known.exploited += 1;
      known.checks.add(title ?? name);
      known.installed.add(`${binary} ${installed}`);
      if (severity > known.severity) known.severity = severity;
      if (ecosystems[known.ecosystem].compareVersions(fixed, known.version) > 0) known.version = fixed;
    }
  }
  const text = ({ name, version }: AssetUpgrade): string => `${name} ${version}`;
  return [...upgrades.values()].toSorted(
    (a, b) =>
      b.severity - a.severity || b.exploited - a.exploited || b.checks.size - a.checks.size || (text(a) < text(b) ? -1 : 1),
  );
}

async function* unfixableRows(source: ReportSource): AsyncGenerator<Cell[][]> {
  for await (const part of detectionsOf(source, { status: 'open' })) {
    const rows = part
      .filter(({ packages }) => packages.every(({ fixed }) => fixed === null))
      .map(({ asset, severityName, name, title, packages }) => {
        const installed = [...new Set(packages.map((one) => `${one.name} ${one.installed}`))].join(', ');
        return [asset.hostname, severityName, title ?? name, installed];
      });
    if (rows.length > 0) yield rows;
  }
}
