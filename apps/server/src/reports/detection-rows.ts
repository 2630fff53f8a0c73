import { type Severity, severityNames } from '@vedette/protocol';
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
  const said: SaidBefore = new Map();
  let count = 20;
  for (let from = 0; from < assets.length;) {
    const part = assets.slice(from, from + count);
    from += part.length;
    const rows = await readPart(db, { ...wanted, assets: part }, said);
    if (rows.length > 0) yield rows;
    count = Math.min(mostAssets, Math.max(1, Math.floor((part.length * partRows) / Math.max(rows.length, 1))));
  }
}

type Row = Omit<ReportDetection, 'asset' | 'severityName' | 'packages'> & {
  readonly assetId: string;
  readonly packageVersionIds: number[];
};

async function readPart(db: Kysely<Database>, wanted: DetectionsWanted, said: SaidBefore): Promise<ReportDetection[]> {
  const { organizationId, assets, asOf, status, where, moments = [] } = wanted;
  const assetIds = assets.map(({ assetId }) => assetId);
  // Many assets have the same: a check is looked up once for all of them.
  const { rows } = await sql<Row>`
    with derived as materialized (${derivedDetections({ organizationId, assetIds, asOf })}),
    known as materialized (${checksAsOf(asOf)})
    select asset_id, check_number as "check", name, body #>> '{posture,title}' as title, severity, status,
      case when confirmed then 'confirmed' when potential then 'potential' else 'information' end as confidence,
      first_found, found_again, fixed_at, body ->> 'kevSince' as kev_since, cvss, (body #>> '{epss,score}')::float8 as epss,
      package_version_ids,
      array(select during @> moment from unnest(${[...moments]}::timestamptz[]) with ordinality as asked (moment, place) order by place) as open_at
    from (
      select detection.*, asset.number as asset_number, asset.hostname, knowledge_check.name, knowledge_check.body, knowledge_check.cvss,
        ${statusOf(asOf)} as status, ${countedSeverity} as severity
      from derived as detection
      join asset on asset.organization_id = ${organizationId} and asset.id = detection.asset_id
      join known as knowledge_check on knowledge_check.number = detection.check_number
    ) as detection
    where ${status === 'open' ? sql`open` : sql`true`} and ${where ?? sql`true`}
    order by array_position(${assetIds}::uuid[], asset_id), -severity, (body ->> 'kevSince') is null,
      -coalesce((body #>> '{epss,score}')::float8, -1), check_number desc`.execute(db);
  const byId = new Map(assets.map((asset) => [asset.assetId, asset]));
  await learnPackages(db, rows, { asOf, said });
  return rows.flatMap(({ assetId, packageVersionIds, ...row }) => {
    const asset = byId.get(assetId);
    if (!asset) return [];
    const found = [...new Set(packageVersionIds)].flatMap((id) => said.get(`${id} ${row.check}`) ?? []);
    const packages = found.length > 1 ? found.toSorted(inOrder) : found;
    return [{ ...row, asset, packages, severityName: severityNames[row.severity] }];
  });
}

/** The forms of the checks that were known at the moment; of one that is younger, the first. */
function checksAsOf(asOf: Date): RawBuilder<unknown> {
  return sql`
    select distinct on (number) number, name, severity, body,
      (select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss) as cvss
    from knowledge_check
    cross join (select coalesce(max(version), 0) as version from knowledge_version where imported_at <= ${asOf}) as knowledge
    where number in (select check_number from derived)
    order by number, valid_from <= knowledge.version desc, abs(knowledge.version - valid_from)`;
}

interface SaidPackage extends FoundPackage {
  readonly id: number;
  readonly isRunning: boolean;
  readonly architecture: string;
}

/** What was said of a package version by a check, by both numbers; most detections of a fleet are about the same ones. */
type SaidBefore = Map<string, SaidPackage>;

const maxSaid = 200_000;

/** The kernel that runs first, then by name. */
function inOrder(a: SaidPackage, b: SaidPackage): number {
  if (a.isRunning !== b.isRunning) return a.isRunning ? -1 : 1;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  if (a.architecture !== b.architecture) return a.architecture < b.architecture ? -1 : 1;
  return a.id - b.id;
}

/** Looks up what is not known yet of what makes these true, as it was said at the moment. */
async function learnPackages(
  db: Kysely<Database>,
  rows: readonly Row[],
  { asOf, said }: { asOf: Date; said: SaidBefore },
): Promise<void> {
  if (said.size > maxSaid) said.clear();
  const wanted = new Map<string, { id: number; check: number }>();
  for (const { check, packageVersionIds } of rows) {
    for (const id of packageVersionIds) {
      const key = `${id} ${check}`;
      if (!said.has(key)) wanted.set(key, { id, check });
    }
  }
  if (wanted.size === 0) return;
  const pairs = [...wanted.values()];
  const found = await sql<SaidPackage & { check: number }>`
    select wanted.id, wanted."check", package_version.name, package_version.version as installed, statement.package as source,
      verdict.fixed, statement.ecosystem, statement.release, statement.advisory, package_version.role = 'running' as is_running,
      package_version.architecture
    from unnest(${pairs.map(({ id }) => id)}::integer[], ${pairs.map(({ check }) => check)}::integer[]) as wanted (id, "check")
    join package_version on package_version.id = wanted.id
    join lateral (
      select * from verdict
      where verdict.package_version_id = wanted.id and verdict.check_number = wanted."check" and verdict.from_at <= ${asOf}
      order by valid_from desc limit 1
    ) as verdict on true
    join statement on statement.id = verdict.statement_id`.execute(db);
  for (const { check, ...one } of found.rows) said.set(`${one.id} ${check}`, one);
}
