import type { ReportFormat, ReportKind, ReportScope } from '@vedette/protocol';
import type { Context } from '../context.ts';
import { writeCsv } from './formats/write-csv.ts';
import { writeHtml } from './formats/write-html.ts';
import { writeJson } from './formats/write-json.ts';
import { maxPdfRows, writePdf } from './formats/write-pdf.ts';
import { writeXlsx } from './formats/write-xlsx.ts';
import { assetDetail } from './kinds/asset-detail.ts';
import { compliance } from './kinds/compliance.ts';
import { detectionList } from './kinds/detection-list.ts';
import { difference } from './kinds/difference.ts';
import { fixList } from './kinds/fix-list.ts';
import type { ReportBody, ReportSource } from './kinds/report-source.ts';
import { summary } from './kinds/summary.ts';
import type { ReportDocument, ReportTable } from './report-document.ts';
import { reportDeadlines } from './report-deadlines.ts';
import { organizationName, resolveScope } from './report-scope.ts';

export interface ReportWish {
  readonly organizationId: string;
  readonly wish: ReportScope;
  readonly asOf: Date;
  readonly since: Date | null;
  /** What whoever asked may see, as asset queries. */
  readonly scopes: readonly string[];
}

const kinds: Record<ReportKind, (source: ReportSource) => Promise<ReportBody>> = {
  detections: detectionList,
  asset: assetDetail,
  summary,
  difference,
  fixes: fixList,
  compliance,
};

export const kindNames: Record<ReportKind, string> = {
  detections: 'Detections',
  asset: 'Asset detail',
  summary: 'Executive summary',
  difference: 'Difference of two moments',
  fixes: 'Fix list',
  compliance: 'Compliance with deadlines',
};

const writers: Record<ReportFormat, (report: ReportDocument) => AsyncGenerator<string | Uint8Array>> = {
  html: writeHtml,
  pdf: writePdf,
  csv: writeCsv,
  xlsx: writeXlsx,
  json: writeJson,
};

/** A week: what a difference is to when nothing else is said. */
const defaultPeriodMs = 7 * 24 * 3600 * 1000;

export interface MadeReport {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Of the main table, as far as it is written. */
  readonly rows: () => number;
}

/**
 * The bytes of a report, made as they are taken. Throws ApiError BAD_REQUEST for queries that cannot be understood, UNAVAILABLE while the
 * fleet index is built.
 */
export async function makeReport(
  context: Pick<Context, 'db' | 'fleetIndex' | 'config'>,
  report: ReportWish,
): Promise<MadeReport> {
  const { organizationId, wish, asOf, scopes } = report;
  const since = report.since ?? new Date(asOf.getTime() - defaultPeriodMs);
  const assetQueries = [...scopes, ...(wish.assets ? [wish.assets] : [])];
  const about = await resolveScope(context, { organizationId, asOf, assets: assetQueries, detections: wish.detections });
  const deadlines = wish.deadlines ?? (await reportDeadlines(context.db, organizationId));
  const source: ReportSource = { db: context.db, organizationId, ...about, asOf, since, deadlines };
  const body = await kinds[wish.kind](source);
  let rows = 0;
  const count = (table: ReportTable): ReportTable =>
    table.isMain ? { ...table, rows: counted(table.rows, (more) => void (rows += more)) } : table;
  const facts = factsOf(report, { organization: await organizationName(context.db, organizationId), since });
  const document = { title: wish.name ?? kindNames[wish.kind], facts, asOf, ...body, tables: body.tables.map(count) };
  const most = wish.format === 'pdf' ? maxPdfRows : Number.POSITIVE_INFINITY;
  return { bytes: toBytes(writers[wish.format](document)), rows: () => Math.min(rows, most) };
}

function factsOf({ wish, asOf }: ReportWish, { organization, since }: { organization: string; since: Date }): [string, string][] {
  return [
    ['Organization', organization],
    ['As of', moment(asOf)],
    ...(wish.kind === 'difference' ? [['Since', moment(since)] as [string, string]] : []),
    ['Assets', wish.assets || 'all'],
    ['Detections', wish.detections || 'all'],
  ];
}

function moment(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

async function* counted<Row>(
  rows: AsyncIterable<readonly Row[]>,
  onRows: (count: number) => void,
): AsyncGenerator<readonly Row[]> {
  for await (const part of rows) {
    onRows(part.length);
    yield part;
  }
}

async function* toBytes(parts: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}
