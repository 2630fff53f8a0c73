import { sql } from 'kysely';
import type { Cell, Column } from '../report-document.ts';
import { detectionColumns as known, detectionsOf, plain, type ReportBody, type ReportSource, toRows } from './report-source.ts';

const found = [
  known.asset,
  known.severity,
  known.name,
  known.check,
  known.status,
  known.exploited,
  known.packages,
  known.fix,
  known.firstFound,
];

const assetColumns: readonly Column[] = [
  { key: 'asset', title: 'Asset', kind: 'text', width: 20 },
  { key: 'system', title: 'System', kind: 'text', width: 24 },
  { key: 'packages', title: 'Packages', kind: 'number', width: 8 },
  { key: 'firstSeen', title: 'First seen', kind: 'moment', width: 12 },
  { key: 'lastChange', title: 'Last change of software', kind: 'moment', width: 14 },
  { key: 'assetId', title: 'Asset id', kind: 'text', width: 24 },
];

const softwareColumns: readonly Column[] = [
  { key: 'asset', title: 'Asset', kind: 'text', width: 18 },
  { key: 'name', title: 'Package', kind: 'text', width: 22 },
  { key: 'version', title: 'Version', kind: 'text', width: 20 },
  { key: 'architecture', title: 'Architecture', kind: 'text', width: 9 },
  { key: 'source', title: 'Source', kind: 'text', width: 16 },
  { key: 'ecosystem', title: 'Ecosystem', kind: 'text', width: 9 },
  { key: 'since', title: 'Since', kind: 'moment', width: 12 },
];

/** What assets were, what was open on them, and what was installed. */
export async function assetDetail(source: ReportSource): Promise<ReportBody> {
  return {
    figures: [{ label: 'assets in scope', value: source.assets.length }],
    tables: [
      { heading: 'Assets', columns: assetColumns, rows: assetRows(source), isMain: false, empty: 'No asset is in the scope.' },
      {
        heading: 'Detections',
        columns: plain(found),
        rows: toRows(detectionsOf(source, { status: source.status }), found),
        isMain: true,
        empty: 'Nothing was open.',
      },
      {
        heading: 'Software',
        columns: softwareColumns,
        rows: softwareRows(source),
        isMain: false,
        empty: 'No package was known.',
      },
    ],
  };
}

/** So many at a time: each may have thousands of packages. */
const partAssets = 10;

async function* assetRows(source: ReportSource): AsyncGenerator<Cell[][]> {
  for (let from = 0; from < source.assets.length; from += partAssets) {
    const part = source.assets.slice(from, from + partAssets);
    const ids = part.map(({ assetId }) => assetId);
    const { rows } = await sql<{ assetId: string; packages: number; firstSeen: Date; lastChange: Date | null }>`
      select id as asset_id, first_seen,
        (select count(*)::integer from presence
          join package_version on package_version.id = package_version_id
          where presence.organization_id = asset.organization_id and presence.asset_id = asset.id and during @> ${source.asOf}::timestamptz
            and role = 'installed') as packages,
        (select max(at) from inventory_change as change
          where change.organization_id = asset.organization_id and change.asset_id = asset.id and at <= ${source.asOf}) as last_change
      from asset where organization_id = ${source.organizationId} and id = any(${ids}::uuid[])`.execute(source.db);
    const byId = new Map(rows.map((row) => [row.assetId, row]));
    yield part.flatMap(({ assetId, hostname, os }) => {
      const row = byId.get(assetId);
      if (!row) return [];
      return [[hostname, os, row.packages, row.firstSeen.toISOString(), row.lastChange?.toISOString() ?? null, assetId]];
    });
  }
}

async function* softwareRows({ db, organizationId, assets, asOf }: ReportSource): AsyncGenerator<Cell[][]> {
  for (let from = 0; from < assets.length; from += partAssets) {
    const part = assets.slice(from, from + partAssets);
    const ids = part.map(({ assetId }) => assetId);
    const { rows } = await sql<{
      assetId: string;
      name: string;
      version: string;
      architecture: string;
      source: string;
      ecosystem: string;
      since: Date;
    }>`
      select presence.asset_id, name, version, architecture, source, ecosystem, lower(during) as since
      from presence join package_version on package_version.id = package_version_id
      where organization_id = ${organizationId} and presence.asset_id = any(${ids}::uuid[]) and during @> ${asOf}::timestamptz
        and role <> 'running'
      order by array_position(${ids}::uuid[], presence.asset_id), name collate "C", architecture collate "C", version collate "C",
        package_version.id`.execute(db);
    const names = new Map(part.map(({ assetId, hostname }) => [assetId, hostname]));
    yield rows.map((row) => [
      names.get(row.assetId) ?? '',
      row.name,
      row.version,
      row.architecture,
      row.source,
      row.ecosystem,
      row.since.toISOString(),
    ]);
  }
}
