import type { Delivery, NotificationChannel, NotificationRule, Report, ReportSchedule } from '@vedette/protocol';
import { now } from './fixtures.ts';

const at = (hours: number): string => new Date(now + hours * 3_600_000).toISOString();
const channelId = '7b7b0d5e-58e8-4d0b-9a5c-3c0f5d2c9a10' as NotificationChannel['channelId'];
const scheduleId = '0b1d4c2e-7a66-4df4-9b1f-0e6a9d1d2f33';

const report: Report = {
  reportId: '9a1f4f9e-3f5e-4d8b-8a33-6a3f1e2d4c55' as Report['reportId'],
  name: 'Weekly summary',
  kind: 'summary',
  format: 'pdf',
  assets: 'tag:web',
  detections: null,
  deadlines: null,
  asOf: at(-24),
  since: null,
  state: 'done',
  problem: null,
  createdAt: at(-24),
  createdBy: 'admin',
  finishedAt: at(-24),
  expiresAt: at(24 * 29),
  bytes: 48_213,
  rows: 12,
  sha256: 'a'.repeat(64),
  scheduleId,
};

const schedule: ReportSchedule = {
  scheduleId,
  name: 'Weekly summary',
  kind: 'summary',
  format: 'pdf',
  assets: 'tag:web',
  detections: null,
  cron: '0 7 * * 1',
  timeZone: 'Europe/Vienna',
  keepDays: 30,
  channelIds: [channelId],
  enabled: true,
  createdBy: 'admin',
  nextRunAt: at(24 * 6),
  lastRunAt: at(-24),
  problem: null,
};

const stopped: ReportSchedule = {
  ...schedule,
  scheduleId: '0b1d4c2e-7a66-4df4-9b1f-0e6a9d1d2f34',
  name: 'Database servers',
  kind: 'fixes',
  format: 'csv',
  assets: 'tag:database',
  enabled: false,
  createdBy: 'grace',
  nextRunAt: null,
  problem: 'grace, who owns it, was removed or disabled, or has no role any more: whoever may see every asset can take it over.',
};

const channel: NotificationChannel = {
  channelId,
  name: 'Operations',
  settings: {
    kind: 'email',
    host: 'mail.example.org',
    port: 587,
    security: 'starttls',
    user: 'vedette',
    from: 'vedette@example.org',
    to: ['ops@example.org'],
    ca: null,
  },
  hasSecret: true,
  enabled: true,
  problem: null,
  lastDeliveredAt: at(-1),
  waiting: 1,
};

const rule: NotificationRule = {
  ruleId: '5d0c7a52-93f7-4c9d-8f5a-d8a0f8f2b1c1' as NotificationRule['ruleId'],
  name: 'Urgent',
  events: ['detection.new', 'detection.known-exploited'],
  query: 'severity:critical',
  assets: null,
  channelIds: [channelId],
  digestMinutes: 5,
  enabled: true,
  createdBy: 'admin',
  problem: null,
};

const delivery = { channel: 'Operations', events: 3, attempts: 1, createdAt: at(-1), dueAt: at(-1) };
const deliveries: Delivery[] = [
  {
    ...delivery,
    messageId: '1f0d8f64-6f3b-4a0c-9d52-6f5ed5a0c001',
    subject: 'Urgent: 3 events',
    state: 'delivered',
    problem: null,
    deliveredAt: at(-1),
  },
  {
    ...delivery,
    messageId: '1f0d8f64-6f3b-4a0c-9d52-6f5ed5a0c002',
    subject: 'Urgent: 2 events',
    state: 'waiting',
    problem: 'The mail server answered 451',
    deliveredAt: null,
  },
];

interface MockRequest {
  readonly empty: boolean;
}

function listed<Item>(items: readonly Item[]) {
  return ({ empty }: MockRequest) => ({ total: empty ? 0 : items.length, items: empty ? [] : items, next: null });
}

/** Reports and notifications as they look when they are in use. */
export const reportHandlers = {
  listReports: listed([
    report,
    {
      ...report,
      reportId: '9a1f4f9e-3f5e-4d8b-8a33-6a3f1e2d4c56',
      name: 'Too much',
      state: 'failed',
      problem: 'It is larger than 2 GB; narrow its scope.',
      bytes: null,
      rows: null,
    },
  ]),
  createReport: () => report,
  previewReport: () => ({ assets: 12, detections: 345 }),
  listReportSchedules: listed([schedule, stopped]),
  saveReportSchedule: () => schedule,
  takeOverReportSchedule: () => ({ ...stopped, createdBy: 'admin', enabled: true, problem: null }),
  runReportSchedule: () => report,
  listNotificationChannels: listed([channel]),
  saveNotificationChannel: () => ({ channel, secret: null }),
  testNotificationChannel: () => ({ delivered: true, problem: null }),
  listNotificationRules: listed([rule]),
  saveNotificationRule: () => rule,
  listDeliveries: listed(deliveries),
};
