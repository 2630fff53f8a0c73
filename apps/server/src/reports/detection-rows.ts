import { isPostureCheck, type Severity, severityNames } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { countedSeverity, derivedDetections, statusOf } from '../detections/derive.ts';
import type { ReportAsset } from './report-scope.ts';

export interface FoundPackage {
  readonly name: string;
  readonly installed: string;
  readonly source: string;
  /** First version without the flaw; null while there is none. */
  readonly fixed: string | null;
  readonly ecosystem: string;
  readonly release: string;
  readonly advisory: string;
}

/** A detection as it was at the moment of the report, with the check as it was known then. */
export interface ReportDetection {
  readonly asset: ReportAsset;
  readonly check: number;
  readonly name: string;
  readonly title: string | null;
  readonly severity: Severity;
  readonly severityName: string;
  readonly confidence: 'confirmed' | 'potential' | 'information';
  readonly status: 'new' | 'active' | 'reopened' | 'fixed';
  readonly firstFound: Date;
  /** Begin of the stretch that lasts, or lasted last. */
  readonly foundAgain: Date;
  readonly fixedAt: Date | null;
  readonly kevSince: string | null;
  readonly cvss: number | null;
  readonly epss: number | null;
  readonly packages: readonly FoundPackage[];
  /** For each moment that was asked for, whether it was open. */
  readonly openAt: readonly boolean[];
}

export interface DetectionsWanted {
  readonly organizationId: string;
  readonly assets: readonly ReportAsset[];
  readonly asOf: Date;
  /** open: at the moment. all: also those that were fixed before. */
  readonly status: 'open' | 'all';
  /** As detectionCondition makes it. */
  readonly where?: RawBuilder<boolean> | undefined;
  /** Earlier moments, to be told of each whether it was open. */
  readonly moments?: readonly Date[];
}

/** So many rows are in memory at a time; assets are read together as far as they fit. */
const partRows = 4000;
const mostAssets = 400;

/**
 * Detections asset by asset, worst first, derived from the histories alone: nothing that happened after the moment changes them. Each
 * statement is about a few assets, so that neither the database nor this process ever holds more, and whoever reads slowly is waited for.
 */
export async function* detectionRows(db: Kysely<Database>, wanted: DetectionsWanted): AsyncGenerator<readonly ReportDetection[]> {
  const { assets } = wanted;
  let count = 20;
  for (let from = 0; from < assets.length;) {
    const part = assets.slice(from, from + count);
    from += part.length;
    const rows = await readPart(db, { ...wanted, assets: part });
    if (rows.length > 0) yield rows;
    count = Math.min(mostAssets, Math.max(1, Math.floor((part.length * partRows) / Math.max(rows.length, 1))));
  }
}

type Row = Omit<ReportDetection, 'asset' | 'severityName'> & { readonly assetId: string };

async function readPart(db: Kysely<Database>, wanted: DetectionsWanted): Promise<ReportDetection[]> {
  const { organizationId, assets, asOf, status, where, moments = [] } = wanted;
  const assetIds = assets.map(({ assetId }) => assetId);
  const { rows } = await sql<Row>`
    select asset_id, check_number as "check", name, body #>> '{posture,title}' as title, severity, status,
      case when confirmed then 'confirmed' when potential then 'potential' else 'information' end as confidence,
      first_found, found_again, fixed_at, body ->> 'kevSince' as kev_since,
      (select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss) as cvss,
      (body #>> '{epss,score}')::float8 as epss,
      coalesce(${packagesAsOf(asOf)}, '[]') as packages,
      array(select during @> moment from unnest(${[...moments]}::timestamptz[]) with ordinality as asked (moment, place) order by place) as open_at
    from (
      select detection.*, asset.number as asset_number, asset.hostname, knowledge_check.name, knowledge_check.body,
        ${statusOf(asOf)} as status, ${countedSeverity} as severity
      from (${derivedDetections({ organizationId, assetIds, asOf })}) as detection
      join asset on asset.organization_id = ${organizationId} and asset.id = detection.asset_id
      ${checkAsOf(asOf)}
    ) as detection
    where ${status === 'open' ? sql`open` : sql`true`} and ${where ?? sql`true`}
    order by array_position(${assetIds}::uuid[], asset_id), -severity, (body ->> 'kevSince') is null,
      -coalesce((body #>> '{epss,score}')::float8, -1), check_number desc`.execute(db);
  const byId = new Map(assets.map((asset) => [asset.assetId, asset]));
  return rows.flatMap(({ assetId, ...row }) => {
    const asset = byId.get(assetId);
    return asset ? [{ ...row, asset, severityName: severityNames[row.severity] }] : [];
  });
}

/** The form of a check that was known at the moment; of one that is younger than its verdicts' moment, the first. */
function checkAsOf(asOf: Date): RawBuilder<unknown> {
  return sql`
    cross join (
      select coalesce(max(version), 0) as version from knowledge_version where imported_at <= ${asOf}
    ) as knowledge
    join lateral (
      select * from knowledge_check where number = detection.check_number
      order by valid_from <= knowledge.version desc, abs(knowledge.version - valid_from) limit 1
    ) as knowledge_check on true`;
}

/** What makes it true, with what was said of it at the moment. */
function packagesAsOf(asOf: Date): RawBuilder<unknown> {
  return sql`(
    select json_agg(json_build_object('name', package_version.name, 'installed', package_version.version, 'source', statement.package,
        'fixed', verdict.fixed, 'ecosystem', statement.ecosystem, 'release', statement.release, 'advisory', statement.advisory)
      order by package_version.role = 'running' desc, package_version.name, package_version.architecture, package_version.id)
    from (select distinct id from unnest(package_version_ids) as id) as found
    join package_version on package_version.id = found.id
    join lateral (
      select * from verdict
      where verdict.package_version_id = found.id and verdict.check_number = detection.check_number and verdict.from_at <= ${asOf}
      order by valid_from desc limit 1
    ) as verdict on true
    join statement on statement.id = verdict.statement_id)`;
}

export function isPosture({ check }: ReportDetection): boolean {
  return isPostureCheck(check);
}
