import { severityNames, type Severity } from '@vedette/protocol';
import {
  highestVersion,
  type NeededUpgrade,
  type SmallestUpgrades,
  smallestUpgrades,
} from '../../fix-lists/smallest-upgrades.ts';
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
        note: 'The vendor has published none for one of the packages, or it is a setting.',
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
      for (const upgrade of upgradesOf(found).upgrades.flatMap(toAssetUpgrade).toSorted(compareUpgrades)) {
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
  readonly version: string;
  readonly severity: Severity;
  readonly exploited: number;
  readonly installed: ReadonlySet<string>;
  readonly checks: ReadonlySet<string>;
}

type Package = ReportDetection['packages'][number];

/** As fix lists plan them, of what was open at the moment of the report. */
function upgradesOf(detections: readonly ReportDetection[]): SmallestUpgrades<Package, ReportDetection> {
  return smallestUpgrades(detections, {
    heldBy: ({ packages }) => packages,
    upgradeOf: ({ ecosystem, release, source, fixed }) =>
      fixed === null ? null : { key: `${ecosystem} ${release} ${source}`, fixed },
  });
}

function toAssetUpgrade({ versions, held, found }: NeededUpgrade<Package, ReportDetection>): AssetUpgrade[] {
  const [first] = held;
  if (!first) return [];
  return [
    {
      name: first.source,
      version: highestVersion(versions, first.ecosystem),
      severity: Math.max(...[...found].map(({ severity }) => severity)) as Severity, // one of theirs
      exploited: [...found].filter(({ kevSince }) => kevSince !== null).length,
      installed: new Set([...held].map((one) => `${one.name} ${one.installed}`)),
      checks: new Set([...found].map(({ title, name }) => title ?? name)),
    },
  ];
}

/** The worst first. */
function compareUpgrades(a: AssetUpgrade, b: AssetUpgrade): number {
  const text = ({ name, version }: AssetUpgrade): string => `${name} ${version}`;
  return b.severity - a.severity || b.exploited - a.exploited || b.checks.size - a.checks.size || (text(a) < text(b) ? -1 : 1);
}

async function* unfixableRows(source: ReportSource): AsyncGenerator<Cell[][]> {
  for await (const part of detectionsOf(source, { status: 'open' })) {
    const rows = upgradesOf(part).rest.map(({ asset, severityName, name, title, packages }) => {
      const installed = [...new Set(packages.map((one) => `${one.name} ${one.installed}`))].join(', ');
      return [asset.hostname, severityName, title ?? name, installed];
    });
    if (rows.length > 0) yield rows;
  }
}
