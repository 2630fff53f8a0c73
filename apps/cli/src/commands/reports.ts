import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createReport,
  deleteReport,
  deleteReportSchedule,
  getReport,
  listReports,
  listReportSchedules,
  previewReport,
  type Report,
  ReportFormat,
  ReportId,
  ReportKind,
  ReportSorting,
  runReportSchedule,
  saveReportSchedule,
  takeOverReportSchedule,
} from '@vedette/protocol';
import { z } from 'zod';
import type { Client } from '../api/connect.ts';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command, Surroundings } from './command.ts';
import { page, pageOptions, queryText, sorting, sortOptions, text, wholeNumber } from './list-options.ts';

type Options = Readonly<Record<string, string | true | undefined>>;

const pollMs = 1000;
const scopeOptions = [
  ['--assets <query>', 'which assets, in the query language'],
  ['--query <query>', 'which detections, in the query language'],
  ['--name <text>', 'title'],
  ['--keep-days <n>', 'deleted after so many days (default 30)'],
] as const;

function scopeOf(kind: string | undefined, format: string | undefined, options: Options) {
  return {
    kind: word(ReportKind, 'kind', kind),
    format: word(ReportFormat, 'format', format),
    assets: queryText(options['assets'], 'asset'),
    detections: queryText(options['query'], 'detection'),
    name: text(options['name']),
    keepDays: wholeNumber('--keep-days', options['keepDays']),
  };
}

function word<Word extends z.ZodEnum>(schema: Word, name: string, value: string | undefined): z.output<Word> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new CliError('USAGE', `"${value}" is no ${name}; there are ${schema.options.join(', ')}`);
  return parsed.data;
}

const reportsCreate: Command = {
  name: 'reports create',
  summary: 'Have a report made, wait for it, and write it to a file.',
  args: '<kind> <format>',
  options: [
    ...scopeOptions,
    ['--as-of <moment>', 'the moment to report, as 2026-11-01T00:00:00Z; now when left out'],
    ['--since <moment>', 'of a difference: the moment to begin with'],
    ['--file <path>', 'where to write it; a name of its own in this directory when left out'],
    ['--no-wait', 'do not wait; fetch it later with "vedette reports download"'],
  ],
  help: `Kinds: ${ReportKind.options.join(', ')}. Formats: ${ReportFormat.options.join(', ')}.`,
  example: `vedette reports create fixes pdf --assets 'tag:web' --file fixes.pdf`,
  async run(surroundings, [kind, format], options) {
    const client = surroundings.client();
    const body = { ...scopeOf(kind, format, options), asOf: text(options['asOf']), since: text(options['since']) };
    const report = await client.call(createReport, { body });
    // commander: --no-wait is `wait` with another value
    if ((options['wait'] as unknown) === false) return { data: report, text: `The report ${report.reportId} is being made.` };
    const done = await finished(client, report);
    const file = text(options['file']) ?? fileName(done);
    await fetchTo(surroundings, done, file);
    return { data: { ...done, file }, text: `${file}: ${done.rows} rows, ${done.bytes} bytes` };
  },
};

async function finished(client: Client, { reportId }: Report): Promise<Report> {
  for (;;) {
    const report = await client.call(getReport, { params: { reportId } });
    if (report.state === 'done') return report;
    if (report.state === 'failed') throw new CliError('FAILURE', `The report could not be made: ${report.problem}`);
    await delay(pollMs);
  }
}

async function fetchTo({ client }: Surroundings, { reportId }: Report, file: string): Promise<void> {
  try {
    await pipeline(client().download(`/reports/${reportId}/file`), createWriteStream(file));
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

function fileName({ kind, asOf, format }: Report): string {
  return `vedette-${kind ?? 'report'}-${asOf.slice(0, 16).replaceAll(':', '')}.${format ?? 'bin'}`;
}

const reportsPreview: Command = {
  name: 'reports preview',
  summary: 'Say how large a report of now would be.',
  options: [
    ['--assets <query>', 'which assets, in the query language'],
    ['--query <query>', 'which detections, in the query language'],
  ],
  example: `vedette reports preview --assets 'tag:web'`,
  async run({ client }, _args, options) {
    const body = { assets: queryText(options['assets'], 'asset'), detections: queryText(options['query'], 'detection') };
    const data = await client().call(previewReport, { body });
    return { data, text: `${data.assets} assets, ${data.detections} open detections` };
  },
};

const reportsList: Command = {
  name: 'reports list',
  summary: 'List reports, the newest first.',
  options: [...sortOptions(ReportSorting.options), ...pageOptions],
  example: 'vedette reports list --sort kind',
  async run({ client }, _args, options) {
    const data = await client().call(listReports, { query: { ...page(options), ...sorting(options, ReportSorting.options) } });
    const rows = data.items.map((one) => [
      one.reportId,
      one.name,
      one.kind,
      one.format,
      one.asOf,
      one.state,
      one.rows,
      one.problem,
    ]);
    const heads = ['report', 'name', 'kind', 'format', 'as of', 'state', 'rows', 'problem'];
    return { data, text: data.items.length > 0 ? table(heads, rows) : 'none yet: vedette reports create detections csv' };
  },
};

const reportsDownload: Command = {
  name: 'reports download',
  summary: 'Write a report that is made to a file.',
  args: '<report>',
  options: [['--file <path>', 'where to write it; a name of its own in this directory when left out']],
  example: 'vedette reports download 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa --file fixes.pdf',
  async run(surroundings, [id], options) {
    const client = surroundings.client();
    const report = await client.call(getReport, { params: { reportId: identifier(ReportId, 'report', id) } });
    const file = text(options['file']) ?? fileName(report);
    await fetchTo(surroundings, await finished(client, report), file);
    return { data: { ...report, file }, text: file };
  },
};

const reportsDelete: Command = {
  name: 'reports delete',
  summary: 'Delete a report.',
  args: '<report>',
  example: 'vedette reports delete 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [id]) {
    const data = await client().call(deleteReport, { params: { reportId: identifier(ReportId, 'report', id) } });
    return { data, text: 'The report is deleted.' };
  },
};

const schedulesList: Command = {
  name: 'reports schedules list',
  summary: 'List reports that are made at certain times.',
  example: 'vedette reports schedules list',
  async run({ client }) {
    const data = await client().call(listReportSchedules, {});
    const rows = data.items.map((one) => [
      one.scheduleId,
      one.name ?? null,
      one.kind,
      one.format,
      one.cron,
      one.timeZone,
      one.nextRunAt,
      one.lastRunAt,
      one.createdBy,
      one.problem,
    ]);
    const heads = ['schedule', 'name', 'kind', 'format', 'times', 'time zone', 'next', 'last', 'owner', 'problem'];
    return { data, text: data.items.length > 0 ? table(heads, rows) : 'none yet: vedette reports schedules save' };
  },
};

const schedulesSave: Command = {
  name: 'reports schedules save',
  summary: 'Have a report made at certain times, kept, and sent by e-mail where channels are named.',
  args: '<kind> <format> <cron>',
  options: [
    ...scopeOptions,
    ['--id <schedule>', 'change this one'],
    ['--time-zone <name>', 'IANA name of the time zone (default UTC)'],
    ['--channels <ids>', 'e-mail channels, with commas between them'],
    ['--disabled', 'keep it, but do not run it'],
  ],
  example: `vedette reports schedules save summary pdf '0 7 * * 1' --time-zone Europe/Vienna`,
  async run({ client }, [kind, format, cron = ''], options) {
    const body = {
      ...scopeOf(kind, format, options),
      cron,
      scheduleId: text(options['id']),
      timeZone: text(options['timeZone']),
      channelIds: text(options['channels'])?.split(','),
      enabled: options['disabled'] !== true,
    };
    const data = await client().call(saveReportSchedule, { body });
    return { data, text: `The schedule ${data.scheduleId} is saved; next: ${data.nextRunAt ?? 'never'}` };
  },
};

const schedulesRun: Command = {
  name: 'reports schedules run',
  summary: 'Have the report of a schedule made now.',
  args: '<schedule>',
  example: 'vedette reports schedules run 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [id]) {
    const data = await client().call(runReportSchedule, { params: { scheduleId: identifier(z.uuid(), 'schedule', id) } });
    return { data, text: `The report ${data.reportId} is being made.` };
  },
};

const schedulesTakeOver: Command = {
  name: 'reports schedules take-over',
  summary: 'Make a schedule your own: it runs with what you may see, and goes on where it was stopped for its owner.',
  args: '<schedule>',
  example: 'vedette reports schedules take-over 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [id]) {
    const data = await client().call(takeOverReportSchedule, { params: { scheduleId: identifier(z.uuid(), 'schedule', id) } });
    const next = data.problem ?? `next: ${data.nextRunAt ?? 'never'}`;
    return { data, text: `The schedule ${data.scheduleId} is yours; ${next}` };
  },
};

const schedulesDelete: Command = {
  name: 'reports schedules delete',
  summary: 'Delete a schedule; its reports stay until they expire.',
  args: '<schedule>',
  example: 'vedette reports schedules delete 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [id]) {
    const data = await client().call(deleteReportSchedule, { params: { scheduleId: identifier(z.uuid(), 'schedule', id) } });
    return { data, text: 'The schedule is deleted.' };
  },
};

export const reportCommands: readonly Command[] = [
  reportsCreate,
  reportsPreview,
  reportsList,
  reportsDownload,
  reportsDelete,
  schedulesList,
  schedulesSave,
  schedulesTakeOver,
  schedulesRun,
  schedulesDelete,
];
