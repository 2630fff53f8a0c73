import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { createReport, deleteReport, getReport, listReports, previewReport, ReportId } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { admit, mayUse } from '../auth/admit.ts';
import type { Caller } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { findByQuery } from '../detections/find-by-query.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { fileName } from './file-name.ts';
import { kindNames } from './make-report.ts';
import { mediaTypeOf } from './media-types.ts';
import { withDeadlines } from './report-deadlines.ts';
import { countScope, readMoment } from './report-scope.ts';
import {
  findReport,
  insertReport,
  lastMoment,
  listReportRows,
  readChunks,
  type Reader,
  refuseMoreReports,
  removeReport,
  toReport,
} from './store.ts';

const dayMs = 24 * 3600 * 1000;

/** Reports: wished for here, made by the keeper, fetched here. `onNew` hears that one waits. */
export function registerReportRoutes(app: FastifyInstance, context: Context, onNew: () => void): void {
  const { db, clock, log } = context;

  serve(app, context, createReport, async ({ body: { asOf: wanted, since: begin, keepDays, ...wish }, caller }) => {
    const now = clock();
    const asOf = wanted === undefined ? now : new Date(wanted);
    if (asOf > now) throw new ApiError('BAD_REQUEST', 'body.asOf: this moment is still to come');
    if (begin !== undefined && new Date(begin) >= asOf) throw new ApiError('BAD_REQUEST', 'body.since: it has to be before asOf');
    readMoment(wish.assets, 'asset', asOf);
    readMoment(wish.detections, 'detection', asOf);
    const { organizationId, userId, login } = caller;
    await refuseMoreReports(db, organizationId);
    const named = await withDeadlines(db, organizationId, { ...wish, name: wish.name ?? kindNames[wish.kind] });
    const since = wish.kind === 'difference' ? await beginOf({ organizationId, wish: named, asOf }, begin) : null;
    const times = { asOf, since, createdAt: now, expiresAt: new Date(now.getTime() + keepDays * dayMs) };
    const row = await insertReport(db, {
      organizationId,
      id: randomUUID(),
      scheduleId: null,
      wish: named,
      ...times,
      createdBy: login,
      ownerId: userId,
      scopes: scopesOf(caller),
    });
    log.info({ audit: 'report', organizationId, report: row.id, kind: wish.kind, by: login }, 'a report was wished for');
    onNew();
    return toReport(row);
  });

  async function beginOf(report: Parameters<typeof lastMoment>[1], wanted: string | undefined): Promise<Date> {
    if (wanted !== undefined) return new Date(wanted);
    return (await lastMoment(db, report)) ?? new Date(report.asOf.getTime() - 7 * dayMs);
  }

  serve(app, context, previewReport, async ({ body, caller }) => {
    const { organizationId } = caller;
    const asOf = clock();
    const assets = [...scopesOf(caller), ...(body.assets ? [body.assets] : [])];
    readMoment(body.detections, 'detection', asOf);
    const count = await countScope(context, { organizationId, asOf, assets });
    const nested = assets.map((query) => `asset:(${query})`);
    const query = [...(body.detections ? [`(${body.detections})`] : []), ...nested].join(' and ');
    const wish = { organizationId, query, asOf: null, status: 'open' as const, limit: 1, offset: 0 };
    return { assets: count, detections: (await findByQuery(context, wish)).total };
  });

  serve(app, context, listReports, async ({ query, caller }) => {
    refuseBlind(caller);
    const { total, rows, next } = await listReportRows(db, readerOf(caller), query);
    return { total, items: rows.map(toReport), next };
  });

  serve(app, context, getReport, async ({ params: { reportId }, caller }) => {
    refuseBlind(caller);
    const row = await findReport(db, readerOf(caller), reportId);
    if (!row) throw notFound(reportId);
    return toReport(row);
  });

  serve(app, context, deleteReport, async ({ params: { reportId }, caller }) => {
    if (!(await removeReport(db, readerOf(caller), reportId))) throw notFound(reportId);
    return { deleted: true as const };
  });

  app.get<{ Params: { reportId: string } }>('/api/v1/reports/:reportId/file', async (request, reply) => {
    const caller = await admit(context, request, 'report:read');
    refuseBlind(caller);
    const id = ReportId.safeParse(request.params.reportId);
    if (!id.success) throw new ApiError('BAD_REQUEST', 'path.reportId: this is no id of a report');
    const row = await findReport(db, readerOf(caller), id.data);
    if (!row) throw notFound(id.data);
    if (row.state !== 'done') throw new ApiError('CONFLICT', `The report is ${row.state}; it can be fetched when it is done.`);
    const report = toReport(row);
    return reply
      .header('cache-control', 'private, no-store')
      .header('content-disposition', `attachment; filename="${fileName(report)}"`)
      .header('content-length', row.bytes)
      .header('etag', `"${row.sha256}"`)
      .type(mediaTypeOf(report.format))
      .send(Readable.from(readChunks(db, row.id), { objectMode: false, highWaterMark: 1 }));
  });
}

export function readerOf({ organizationId, userId, scopes, seesNoAsset }: Caller): Reader {
  return { organizationId, userId, seesAll: scopes.length === 0 && !seesNoAsset };
}

/**
 * What is made later keeps to what its maker may see: it must not tell a token, or a role, what that may not ask for. Throws ApiError
 * FORBIDDEN for somebody who may see no asset, or no detection where it tells of detections.
 */
export function scopesOf(caller: Caller, { tellsOfDetections = true } = {}): readonly string[] {
  const { scopes, seesNoAsset } = caller;
  if (tellsOfDetections) refuseBlind(caller);
  if (seesNoAsset) throw new ApiError('FORBIDDEN', 'You may see no asset: ask for an asset scope, or for a role that needs none');
  return scopes;
}

/** Reports of every kind tell of detections, their rows and bytes of how many there are. */
function refuseBlind(caller: Caller): void {
  if (!mayUse(caller, 'detection:read'))
    throw new ApiError('FORBIDDEN', 'It would tell of detections: it takes detection:read, too');
}

function notFound(reportId: string): ApiError {
  return new ApiError('NOT_FOUND', `There is no report ${reportId}.`);
}
