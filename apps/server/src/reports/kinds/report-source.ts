import type { ReportDeadlines } from '@vedette/protocol';
import type { Kysely, RawBuilder } from 'kysely';
import type { Database } from '../../db/schema.ts';
import { type DetectionsWanted, detectionRows, type ReportDetection } from '../detection-rows.ts';
import type { Cell, Column, ReportDocument } from '../report-document.ts';
import type { ReportAsset } from '../report-scope.ts';

/** What a report is made from. */
export interface ReportSource {
  readonly db: Kysely<Database>;
  readonly organizationId: string;
  readonly assets: readonly ReportAsset[];
  readonly where: RawBuilder<boolean> | undefined;
  /** Of lists: open ones, unless the query speaks of others. */
  readonly status: 'open' | 'all';
  readonly asOf: Date;
  readonly since: Date;
  readonly deadlines: ReportDeadlines;
}

/** What each kind adds to title and scope. */
export type ReportBody = Pick<ReportDocument, 'figures' | 'tables'>;

export const dayMs = 24 * 3600 * 1000;

export function detectionsOf(
  { db, organizationId, assets, where, asOf }: ReportSource,
  more: Pick<DetectionsWanted, 'status' | 'moments'>,
): AsyncGenerator<readonly ReportDetection[]> {
  return detectionRows(db, { organizationId, assets, where, asOf, ...more });
}

/** A column with how it reads a detection. */
export interface DetectionColumn extends Column {
  readonly read: (detection: ReportDetection) => Cell;
}

export async function* toRows(
  parts: AsyncIterable<readonly ReportDetection[]>,
  columns: readonly DetectionColumn[],
): AsyncGenerator<Cell[][]> {
  for await (const part of parts) yield part.map((detection) => columns.map(({ read }) => read(detection)));
}

const text = (key: string, title: string, width: number, read: DetectionColumn['read']): DetectionColumn => ({
  key,
  title,
  kind: 'text',
  width,
  read,
});

/** Columns that several kinds show alike. */
export const detectionColumns = {
  asset: text('asset', 'Asset', 16, ({ asset }) => asset.hostname),
  assetId: text('assetId', 'Asset id', 8, ({ asset }) => asset.assetId),
  severity: text('severity', 'Severity', 9, ({ severityName }) => severityName),
  name: text('name', 'Check', 15, ({ name, title }) => title ?? name),
  check: { key: 'check', title: 'Number', kind: 'number', width: 9, read: ({ check }) => check },
  status: text('status', 'Status', 8, ({ status }) => status),
  confidence: text('confidence', 'Confidence', 10, ({ confidence }) => confidence),
  exploited: text('knownExploitedSince', 'Exploited since', 10, ({ kevSince }) => kevSince),
  cvss: { key: 'cvss', title: 'CVSS', kind: 'number', width: 5, read: ({ cvss }) => cvss },
  epss: { key: 'epss', title: 'EPSS', kind: 'number', width: 6, read: ({ epss }) => epss },
  packages: text('packages', 'Installed', 24, ({ packages }) =>
    listed(packages, ({ name, installed }) => `${name} ${installed}`),
  ),
  fix: text('fixedVersion', 'Fixed in', 18, ({ packages }) => listed(packages, ({ fixed }) => fixed)),
  firstFound: { key: 'firstFound', title: 'First found', kind: 'moment', width: 13, read: (one) => one.firstFound.toISOString() },
  fixedAt: { key: 'fixedAt', title: 'Fixed', kind: 'moment', width: 13, read: (one) => one.fixedAt?.toISOString() ?? null },
} as const satisfies Record<string, DetectionColumn>;

function listed(
  packages: ReportDetection['packages'],
  read: (one: ReportDetection['packages'][number]) => string | null,
): string {
  return [...new Set(packages.flatMap((one) => read(one) ?? []))].join(', ');
}

/** `read` is not for formats. */
export function plain(columns: readonly DetectionColumn[]): Column[] {
  return columns.map(({ key, title, kind, width }) => ({ key, title, kind, width }));
}
