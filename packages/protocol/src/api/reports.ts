import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { Instant } from '../ids.ts';
import { Deadlines } from './history.ts';
import { CursorPage, listOf, QueryText, sortedBy, WholeList } from './paging.ts';

export const ReportId = z.uuid().brand<'ReportId'>();

/**
 * detections: every open detection. asset: what assets are, what is found on them, what is installed. summary: figures for those who
 * decide. difference: what came and went between two moments. fixes: the upgrades that whoever owns the assets has to make. compliance:
 * what is due when, and what is late.
 */
export const ReportKind = z.enum(['detections', 'asset', 'summary', 'difference', 'fixes', 'compliance']);
export type ReportKind = z.infer<typeof ReportKind>;

export const ReportFormat = z.enum(['html', 'pdf', 'csv', 'xlsx', 'json']);
export type ReportFormat = z.infer<typeof ReportFormat>;

/** Those of the organization, and a sooner one for what CISA lists as exploited. */
export const ReportDeadlines = Deadlines.extend({ knownExploited: z.int().min(0).max(3650).nullable() });
export type ReportDeadlines = z.infer<typeof ReportDeadlines>;

/** What a report is about, whenever it is made. */
export const ReportScope = z.object({
  name: z.string().min(1).max(120).optional().meta({ description: 'Title; one that says the kind when left out' }),
  kind: ReportKind,
  format: ReportFormat,
  assets: QueryText.meta({ description: 'Which assets, in the query language; all when left out' }),
  detections: QueryText.meta({ description: 'Which detections, in the query language; those that are open when left out' }),
  deadlines: ReportDeadlines.optional().meta({ description: "Of a compliance report; the organization's when left out" }),
});
export type ReportScope = z.infer<typeof ReportScope>;

/** Of what is stored, which another version may have written. */
const KnownParts = {
  kind: ReportKind.nullable().meta({ description: 'null: none that this version knows' }),
  format: ReportFormat.nullable().meta({ description: 'null: none that this version knows' }),
};

export const Report = z.object({
  reportId: ReportId,
  name: z.string(),
  ...KnownParts,
  assets: z.string().nullable(),
  detections: z.string().nullable(),
  deadlines: ReportDeadlines.nullable(),
  asOf: Instant.meta({ description: 'The moment that is reported' }),
  since: Instant.nullable().meta({ description: 'Of a difference: the moment it begins with' }),
  state: z.enum(['queued', 'running', 'done', 'failed']),
  problem: z.string().nullable(),
  createdAt: Instant,
  createdBy: z.string(),
  finishedAt: Instant.nullable(),
  expiresAt: Instant.meta({ description: 'When it is deleted by itself' }),
  bytes: z.int().nullable(),
  rows: z.int().nullable(),
  sha256: z.string().nullable(),
  scheduleId: z.uuid().nullable(),
});
export type Report = z.infer<typeof Report>;

const One = z.object({ reportId: ReportId });

export const createReport = endpoint({
  name: 'createReport',
  summary: 'Have a report made. The same wish for the same moment of the past gives the same bytes.',
  method: 'POST',
  path: '/reports',
  permission: 'report:write',
  body: ReportScope.extend({
    asOf: Instant.optional().meta({ description: 'The moment to report; now when left out' }),
    since: Instant.optional().meta({
      description: 'Of a difference: the moment to begin with; that of the last such report, or a week before, when left out',
    }),
    keepDays: z.int().min(1).max(3650).default(30),
  }),
  reply: Report,
  errors: ['BAD_REQUEST', 'TOO_MANY_REQUESTS', 'UNAVAILABLE'],
});

export const previewReport = endpoint({
  name: 'previewReport',
  summary: 'How large a report of now would be.',
  method: 'POST',
  path: '/reports/preview',
  permission: 'report:read',
  body: z.object({ assets: QueryText, detections: QueryText }),
  reply: z.object({ assets: z.int(), detections: z.int() }),
  errors: ['BAD_REQUEST', 'UNAVAILABLE'],
});

/** `createdAt`, `asOf`, `rows`, `bytes`: the newest and largest first. `state`: what is under way first. */
export const ReportSorting = z.enum([
  'createdAt',
  'name',
  'kind',
  'format',
  'asOf',
  'scope',
  'state',
  'rows',
  'bytes',
  'createdBy',
  'expiresAt',
]);
export type ReportSorting = z.infer<typeof ReportSorting>;

export const listReports = endpoint({
  name: 'listReports',
  summary: 'Reports, the newest first unless another order is asked for.',
  method: 'GET',
  path: '/reports',
  permission: 'report:read',
  query: CursorPage.extend(sortedBy(ReportSorting.default('createdAt'))),
  reply: listOf(Report),
});

export const getReport = endpoint({
  name: 'getReport',
  summary: 'One report; its file is at /reports/:reportId/file.',
  method: 'GET',
  path: '/reports/:reportId',
  permission: 'report:read',
  params: One,
  reply: Report,
  errors: ['NOT_FOUND'],
});

export const deleteReport = endpoint({
  name: 'deleteReport',
  summary: 'Delete a report, made or not.',
  method: 'DELETE',
  path: '/reports/:reportId',
  permission: 'report:write',
  params: One,
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND'],
});

export const ReportSchedule = z.object({
  scheduleId: z.uuid(),
  ...ReportScope.shape,
  ...KnownParts,
  assets: z.string().nullable(),
  detections: z.string().nullable(),
  cron: z.string(),
  timeZone: z.string(),
  keepDays: z.int(),
  channelIds: z.array(z.uuid()),
  enabled: z.boolean(),
  createdBy: z.string().meta({ description: 'Whose it is: it runs with what they may see' }),
  nextRunAt: Instant.nullable(),
  lastRunAt: Instant.nullable(),
  problem: z.string().nullable().meta({ description: 'Why it is not run, and what to do' }),
});
export type ReportSchedule = z.infer<typeof ReportSchedule>;

const OneSchedule = z.object({ scheduleId: z.uuid() });

export const listReportSchedules = endpoint({
  name: 'listReportSchedules',
  summary: 'Reports that are made at certain times, with the next one.',
  method: 'GET',
  path: '/report-schedules',
  permission: 'report:read',
  query: WholeList,
  reply: z.object({ items: z.array(ReportSchedule) }),
});

export const saveReportSchedule = endpoint({
  name: 'saveReportSchedule',
  summary: 'Have a report made at certain times, kept for a while, and sent by e-mail where channels are named.',
  method: 'POST',
  path: '/report-schedules',
  permission: 'report:write',
  body: ReportScope.extend({
    scheduleId: z.uuid().optional().meta({ description: 'Of the one to change' }),
    cron: z.string().min(9).max(120).meta({ description: 'minute hour day month weekday; at most once in ten minutes' }),
    timeZone: z.string().max(60).default('UTC').meta({ description: 'IANA name' }),
    keepDays: z.int().min(1).max(3650).default(30),
    channelIds: z.array(z.uuid()).max(20).default([]).meta({ description: 'E-mail channels; none: kept for download' }),
    enabled: z.boolean().default(true),
  }),
  reply: ReportSchedule,
  errors: ['BAD_REQUEST', 'NOT_FOUND'],
});

export const deleteReportSchedule = endpoint({
  name: 'deleteReportSchedule',
  summary: 'Delete a schedule; its reports stay until they expire.',
  method: 'DELETE',
  path: '/report-schedules/:scheduleId',
  permission: 'report:write',
  params: OneSchedule,
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND'],
});

export const takeOverReportSchedule = endpoint({
  name: 'takeOverReportSchedule',
  summary: 'Make a schedule your own: it then runs with what you may see, and goes on where it was stopped for its owner.',
  method: 'POST',
  path: '/report-schedules/:scheduleId/take-over',
  permission: 'report:write',
  params: OneSchedule,
  reply: ReportSchedule,
  errors: ['NOT_FOUND'],
});

export const runReportSchedule = endpoint({
  name: 'runReportSchedule',
  summary: 'Have the report of a schedule made now, beside its times.',
  method: 'POST',
  path: '/report-schedules/:scheduleId/run',
  permission: 'report:write',
  params: OneSchedule,
  reply: Report,
  errors: ['NOT_FOUND', 'CONFLICT', 'TOO_MANY_REQUESTS'],
});
