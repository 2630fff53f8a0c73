import type { ColumnType, Generated } from 'kysely';
import type { Json, NullableDate, NullableText } from './columns.ts';

/** Reports and their schedules. */
export interface ReportTables {
  report: {
    organizationId: string;
    id: string;
    scheduleId: string | null;
    /** ReportScope. */
    wish: Json;
    asOf: Date;
    since: Date | null;
    state: 'queued' | 'running' | 'done' | 'failed';
    problem: NullableText;
    createdAt: Date;
    createdBy: string;
    /** The user of that login; null where there is none. */
    ownerId: string | null;
    /** Of the moment when it was asked for; only versions before 028 read them. */
    scopes: string[];
    claimedUntil: NullableDate;
    attempts: Generated<number>;
    finishedAt: NullableDate;
    expiresAt: Date;
    bytes: ColumnType<number | null, undefined, number>;
    rows: ColumnType<number | null, undefined, number>;
    sha256: NullableText;
  };
  reportChunk: { reportId: string; number: number; content: Buffer };
  reportSchedule: {
    organizationId: string;
    id: string;
    /** ReportScope. */
    wish: Json;
    cron: string;
    timeZone: string;
    keepDays: number;
    channelIds: string[];
    enabled: boolean;
    /** Of the moment when it was saved; only versions before 028 read them. */
    scopes: string[];
    createdAt: Date;
    createdBy: string;
    /** The user of that login, with whose rights it runs; null where there is none. */
    ownerId: string | null;
    nextRunAt: NullableDate;
    lastRunAt: NullableDate;
    lastProblem: NullableText;
  };
}
