import { type CheckRisk, riskScore } from '@vedette/matching';
import {
  type CheckKind,
  type CvssVersion,
  type Detection,
  type DetectionPackage,
  type DetectionSorting,
  isPostureCheck,
  postureCheckNumbers,
} from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type Decisions, noDecisions } from '../decisions/decisions.ts';
import { coveredSql } from '../exceptions/exception-sql.ts';
import type { ExceptionFilter } from '../fleet-index/excepted.ts';
import { riskSql } from '../risk/risk-sql.ts';
import type { DetectionPlace } from '../fleet-index/page-of-detections.ts';
import { isBehind, orderBy, type Place, placeOf as placeColumn, writePlace } from '../http/list-cursor.ts';
import { writeCursor } from './cursor.ts';
import {
  checkOfDetection,
  countedSeverity,
  type DerivedDetection,
  derivedDetections,
  type DetectionScope,
  statusOf,
} from './derive.ts';
import { containing } from './like.ts';
import type { DetectionOrder } from './order-detections.ts';

export interface DetectionQuery extends DetectionScope {
  readonly status: 'open' | 'new' | 'active' | 'reopened' | 'fixed' | 'all';
  /** At least this severity. */
  readonly severity?: number | undefined;
  readonly severityExact?: number | undefined;
  readonly kind?: CheckKind | undefined;
  readonly exploited?: 'true' | 'false' | undefined;
  /** Before asOf, as is the next one. */
  readonly foundWithinDays?: number | undefined;
  readonly fixedWithinDays?: number | undefined;
  readonly search?: string | undefined;
  /** On the rows of a list, as detectionCondition makes it. */
  readonly where?: RawBuilder<boolean> | undefined;
  /** Without, unless it says otherwise. */
  readonly exception?: ExceptionFilter | undefined;
  readonly sort?: DetectionSorting | undefined;
  /** What people decided, as it holds at that moment; nothing where it is left out. */
  readonly decisions?: Decisions | undefined;
  readonly limit: number;
  readonly offset: number;
  /** Begin behind this place. */
  readonly after?: DetectionPlace | undefined;
  /** The whole list is being read: nobody asks how many there are. */
  readonly isWhole?: boolean | undefined;
  /** Another order than worst first, with its own place to begin behind; `sort` says the same. */
  readonly order?: DetectionOrder | null | undefined;
}

export interface DetectionList {
  readonly total: number;
  readonly items: Detection[];
  /** Cursor of the last one; null where the list ends with this page. */
  readonly next: string | null;
}

interface DetectionRow extends DerivedDetection {
  readonly assetNumber: number;
  readonly hostname: string;
  readonly lastFound: Date;
  readonly status: Detection['status'];
  readonly severity: Detection['severity'];
  /** The check's own. */
  readonly checkSeverity: number;
  readonly risk: number;
  readonly name: string;
  readonly body: CheckBody;
  /** In an order other than worst first. */
  readonly place: Place;
}

/** What of a check's stored body a list shows. */
interface CheckBody {
  readonly kevSince: string | null;
  readonly cvss: readonly { readonly score: number; readonly version: CvssVersion }[];
  readonly epss: { readonly score: number } | null;
  readonly posture?: { readonly title: string } | null;
}

/** Detections of the scope that fit the filter, worst first. */
export async function findDetections(db: Kysely<Database>, query: DetectionQuery): Promise<DetectionList> {
  const decisions = query.decisions ?? noDecisions;
  const isByRisk = query.sort === 'risk';
  const isByAsset = query.sort === 'asset';
  const filtered = detectionRows(query);
  const { order } = query;
  const behind = order ? order.after && isBehind(order.keys, order.after) : query.after && isBehindPlace(query.after, isByAsset);
  const { rows } = await sql<DetectionRow & { total: number }>`
    select *, ${order ? placeColumn(order.keys) : sql`null`} as place
    from (
      select *, ${isByRisk ? riskSql(decisions) : sql`0`} as risk, count(*) over ()::integer as total ${filtered}
    ) as detection
    where ${behind ?? sql`true`}
    order by ${order ? orderBy(order.keys) : isByAsset ? assetPlace : place} limit ${query.limit} offset ${query.offset}`.execute(
    db,
  );
  const packages = await loadPackages(db, rows, query.asOf);
  // A page behind the end has no row that could carry the total.
  const total = rows[0]?.total ?? (query.offset === 0 && !behind ? 0 : await countRows(db, filtered));
  const items = rows.map((row) => toDetection(row, packagesOf(row, packages), decisions));
  const last = rows.length < query.limit ? undefined : rows.at(-1);
  if (!last) return { total, items, next: null };
  if (order) return { total, items, next: writePlace(order.name, last.place) };
  return { total, items, next: writeCursor(placeOf(last), isByAsset) };
}

/** The detections of the scope that fit the filter, to be selected from. */
export function detectionRows(query: DetectionQuery): RawBuilder<unknown> {
  const decisions = query.decisions ?? noDecisions;
  return sql`
    from (
      select detection.*, asset.number as asset_number, knowledge_check.severity as check_severity, asset.hostname, knowledge_check.name, knowledge_check.body,
        ${statusOf(query.asOf)} as status, ${countedSeverity} as severity, ${lastFoundSql(query.asOf)} as last_found,
        ${assessedSql(query.asOf)} as assessed
      from (${derivedDetections(query)}) as detection
      join asset on asset.organization_id = ${query.organizationId} and asset.id = detection.asset_id
      ${checkOfDetection}
    ) as detection
    where ${statusFilter(query.status)}
      and ${severityFilter(query)}
      and ${kindFilter(query.kind)}
      and ${exploitedFilter(query.exploited)}
      and ${query.foundWithinDays === undefined ? sql`true` : sql`first_found >= ${daysBefore(query.asOf, query.foundWithinDays)}`}
      and ${query.fixedWithinDays === undefined ? sql`true` : sql`fixed_at >= ${daysBefore(query.asOf, query.fixedWithinDays)}`}
      and ${searchFilter(query.search)}
      and ${exceptionCondition(query, decisions)}
      and ${query.where ?? sql`true`}`;
}

/** Never updated anywhere: an open detection was last found when the asset was last assessed. */
function lastFoundSql(asOf: Date): RawBuilder<unknown> {
  return sql`least(coalesce(detection.fixed_at, asset.last_scan, detection.found_again), ${asOf}::timestamptz)`;
}

/** By what lists of these times are sorted: an asset that was never assessed as a whole comes before all others, as in the fleet index. */
function assessedSql(asOf: Date): RawBuilder<unknown> {
  return sql`least(coalesce(detection.fixed_at, asset.last_scan, 'epoch'), ${asOf}::timestamptz)`;
}

/** By what lists are sorted, ascending; the fleet index sorts alike. */
const place = sql`-severity, -((body ->> 'kevSince') is not null)::integer, -coalesce((body #>> '{epss,score}')::float, -1),
  -check_number, -confirmed::integer, asset_number`;

const assetPlace = sql`asset_number, ${place}`;

function isBehindPlace(after: DetectionPlace, isByAsset: boolean): RawBuilder<unknown> {
  const { severity, exploited, epss, check, confirmed, asset } = after;
  const values = [-severity, -Number(exploited), -(epss ?? -1), -check, -Number(confirmed), asset];
  const given = sql.join((isByAsset ? [asset, ...values] : values).map((value) => sql`${value}::float`));
  return sql`(${isByAsset ? assetPlace : place}) > (${given})`;
}

function placeOf({ severity, body, checkNumber, confirmed, assetNumber }: DetectionRow): DetectionPlace {
  const { kevSince, epss } = body;
  return { severity, exploited: kevSince !== null, epss: epss?.score ?? null, check: checkNumber, confirmed, asset: assetNumber };
}

function exceptionCondition(
  { exception = 'without', organizationId }: DetectionQuery,
  decisions: Decisions,
): RawBuilder<unknown> {
  if (exception === 'with') return sql`true`;
  const covered = coveredSql(decisions, organizationId);
  return exception === 'only' ? covered : sql`not ${covered}`;
}

async function countRows(db: Kysely<Database>, filtered: RawBuilder<unknown>): Promise<number> {
  const counted = await sql<{ total: number }>`select count(*)::integer as total ${filtered}`.execute(db);
  return counted.rows[0]?.total ?? 0;
}

function statusFilter(status: DetectionQuery['status']): RawBuilder<unknown> {
  if (status === 'all') return sql`true`;
  return status === 'open' ? sql`status <> 'fixed'` : sql`status = ${status}`;
}

function severityFilter({ severity, severityExact }: DetectionQuery): RawBuilder<unknown> {
  const atLeast = severity === undefined ? sql`true` : sql`severity >= ${severity}`;
  return severityExact === undefined ? atLeast : sql`${atLeast} and severity = ${severityExact}`;
}

function kindFilter(kind: CheckKind | undefined): RawBuilder<unknown> {
  const { first, last } = postureCheckNumbers;
  return kind === undefined ? sql`true` : sql`(check_number between ${first} and ${last}) = ${kind === 'posture'}`;
}

/** A dormant kernel is not exploited, whatever CISA says of its flaw; the dashboard counts the same. */
function exploitedFilter(exploited: DetectionQuery['exploited']): RawBuilder<unknown> {
  return exploited === undefined ? sql`true` : sql`(confirmed and (body ->> 'kevSince') is not null) = ${exploited === 'true'}`;
}

function daysBefore(asOf: Date, days: number): Date {
  return new Date(asOf.getTime() - days * 24 * 3600 * 1000);
}

function searchFilter(search: string | undefined): RawBuilder<unknown> {
  if (!search) return sql`true`;
  const pattern = containing(search);
  return sql`(name ilike ${pattern} or hostname ilike ${pattern} or exists (
    select from package_version
    where id = any(package_version_ids) and (package_version.name ilike ${pattern} or package_version.source ilike ${pattern}))
    or body #>> '{posture,title}' ilike ${pattern})`;
}

function toDetection(row: DetectionRow, packages: DetectionPackage[], decisions: Decisions): Detection {
  const cvss = highestOf(row.body.cvss);
  return {
    assetId: row.assetId as Detection['assetId'], // Ids from our own tables.
    hostname: row.hostname,
    check: row.checkNumber,
    name: row.name,
    kind: isPostureCheck(row.checkNumber) ? 'posture' : 'vulnerability',
    title: row.body.posture?.title ?? null,
    severity: row.severity,
    confidence: row.confirmed ? 'confirmed' : row.potential ? 'potential' : 'information',
    status: row.status,
    firstFound: row.firstFound.toISOString(),
    lastFound: row.lastFound.toISOString(),
    fixedAt: row.fixedAt?.toISOString() ?? null,
    kevSince: row.body.kevSince,
    risk: riskScore(riskOfRow(row), row.confirmed, decisions.contextOf(row.assetNumber)),
    exception: row.open
      ? decisions.exceptionOf({ ...row, check: row.checkNumber, packageVersions: row.packageVersionIds })
      : null,
    cvssScore: cvss?.score ?? null,
    cvssVersion: cvss?.version ?? null,
    epssScore: row.body.epss?.score ?? null,
    packages,
  };
}

/** Of equal ones that by the newest version. */
function highestOf(cvss: CheckBody['cvss']): CheckBody['cvss'][number] | undefined {
  return cvss.toSorted((a, b) => b.score - a.score || b.version.localeCompare(a.version))[0];
}

/** What of a row its risk depends on. */
export function riskOfRow({ checkSeverity, body }: Pick<DetectionRow, 'checkSeverity' | 'body'>): CheckRisk {
  return {
    severity: checkSeverity,
    cvss: highestOf(body.cvss)?.score ?? null,
    epss: body.epss?.score ?? null,
    exploited: body.kevSince !== null,
  };
}

/** What is said of a package version by a check: its place in the order of packages, and what is shown of it. */
type SaidPackages = ReadonlyMap<string, readonly [place: number, said: DetectionPackage]>;

/** The packages behind a detection, in order. */
function packagesOf({ packageVersionIds, checkNumber }: DerivedDetection, said: SaidPackages): DetectionPackage[] {
  const found = [...new Set(packageVersionIds)].flatMap((id) => {
    const one = said.get(`${id} ${checkNumber}`);
    return one ? [one] : [];
  });
  return found.toSorted(([a], [b]) => a - b).map(([, one]) => one);
}

/** The packages behind the detections of a page, with what was known of them then, each once for all of its assets: machines have much in common. */
async function loadPackages(db: Kysely<Database>, rows: readonly DerivedDetection[], asOf: Date): Promise<SaidPackages> {
  const wanted = new Map<string, { id: number; check: number }>();
  for (const { packageVersionIds, checkNumber: check } of rows) {
    for (const id of packageVersionIds) wanted.set(`${id} ${check}`, { id, check });
  }
  if (wanted.size === 0) return new Map();
  const pairs = [...wanted.values()];
  const packages = await sql<DetectionPackage & { id: number; checkNumber: number }>`
    select wanted.id, wanted.check_number, package_version.name, package_version.architecture,
      package_version.version as installed, verdict.fixed, statement.package as source, package_version.role,
      statement.advisory, statement.feed
    from unnest(${pairs.map(({ id }) => id)}::integer[], ${pairs.map(({ check }) => check)}::integer[]) as wanted (id, check_number)
    join package_version on package_version.id = wanted.id
    join lateral (
      select * from verdict
      where verdict.package_version_id = wanted.id and verdict.check_number = wanted.check_number
        and verdict.from_at <= ${asOf}::timestamptz
      order by valid_from desc limit 1
    ) as verdict on true
    join statement on statement.id = verdict.statement_id
    order by package_version.role = 'running' desc, package_version.name collate "C", package_version.architecture, package_version.id`.execute(
    db,
  );
  return new Map(packages.rows.map(({ id, checkNumber, ...said }, place) => [`${id} ${checkNumber}`, [place, said]]));
}
