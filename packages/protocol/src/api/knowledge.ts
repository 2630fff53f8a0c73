import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { CheckNumber, Instant } from '../ids.ts';
import { RecordOrigin } from '../knowledge/advisory.ts';
import { Check, CheckChange, Reference } from '../knowledge/check.ts';
import { Severity } from '../knowledge/severity.ts';
import { CursorPage, listOf, QueryText, SortDirection } from './paging.ts';

export const CheckSummary = Check.omit({ affected: true, cvss: true }).extend({
  cvssScore: z.number().nullable(),
  openAssets: z.int().meta({ description: 'Assets with an open detection' }),
});
export type CheckSummary = z.infer<typeof CheckSummary>;

/** `worst`: by severity, known exploited ones first, then the newest. */
export const CheckSorting = z.enum(['worst', 'name', 'number', 'published', 'kevSince', 'patchable', 'cvss', 'epss', 'assets']);
export type CheckSorting = z.infer<typeof CheckSorting>;

export const listChecks = endpoint({
  name: 'listChecks',
  summary: 'Checks of the knowledge base, worst first.',
  method: 'GET',
  path: '/checks',
  permission: 'check:read',
  query: CursorPage.extend({
    query: QueryText,
    sort: CheckSorting.default('worst'),
    direction: SortDirection.default('ascending'),
    asOf: Instant.optional().meta({
      description: 'The knowledge base as it was at this moment, and where its checks were found',
    }),
    search: z.string().max(200).optional().meta({ description: 'Part of a CVE, advisory or source package name, or a number' }),
    severity: z.coerce.number().pipe(Severity).optional(),
    detected: z.enum(['true', 'false']).optional().meta({ description: 'true: only those found on an asset' }),
  }),
  reply: listOf(CheckSummary),
});

export const getCheck = endpoint({
  name: 'getCheck',
  summary: 'One check with all its statements, references and its change log.',
  method: 'GET',
  path: '/checks/:number',
  permission: 'check:read',
  params: z.object({ number: z.coerce.number().pipe(CheckNumber) }),
  reply: z.object({
    check: Check,
    openAssets: z.int(),
    origins: z.array(RecordOrigin),
    references: z.array(Reference),
    firstSeen: Instant.meta({ description: 'When this platform first knew of it' }),
    lastChanged: Instant.meta({ description: 'When this platform last learned something new of it' }),
    changes: z.array(CheckChange).meta({ description: 'Newest first; the newest 200' }),
  }),
  errors: ['NOT_FOUND'],
});

export const FeedState = z.object({
  feed: z.string(),
  describes: z.string(),
  location: z.string(),
  records: z.int().nullable().meta({ description: 'In the last complete read; null when they were not counted' }),
  retrievedAt: Instant.nullable().meta({ description: 'When what is in use was read' }),
  checkedAt: Instant.nullable().meta({ description: 'When its source was last asked and what is in use was the newest' }),
  stale: z.boolean().meta({ description: 'True when that was more than 7 days ago, or never' }),
  refusedRecords: z
    .int()
    .nullable()
    .meta({ description: 'Records of the last try, where it was refused for having too few; acceptFeed takes them over' }),
  /** Why the last try brought nothing; null when it did. The knowledge of before stays in use. */
  problem: z.string().nullable(),
});
export type FeedState = z.infer<typeof FeedState>;

export const Knowledge = z.object({
  version: z.int(),
  checks: z.int(),
  /** Day of the newest advisory in it. */
  date: z.iso.date().nullable(),
  importedAt: Instant.nullable(),
  /** True while only the starter knowledge base that the project carries is in use. */
  starter: z.boolean(),
  /** True when the newest advisory is older than 14 days. */
  stale: z.boolean(),
  refreshing: z.boolean(),
  feeds: z.array(FeedState),
});
export type Knowledge = z.infer<typeof Knowledge>;

export const getKnowledge = endpoint({
  name: 'getKnowledge',
  summary: 'State of the knowledge base and its feeds.',
  method: 'GET',
  path: '/knowledge',
  permission: 'knowledge:read',
  reply: Knowledge,
});

export const refreshKnowledge = endpoint({
  name: 'refreshKnowledge',
  summary: 'Fetch the feeds and re-judge everything. Answers when it is done.',
  method: 'POST',
  path: '/knowledge/refresh',
  permission: 'knowledge:write',
  reply: Knowledge,
  errors: ['CONFLICT', 'UNAVAILABLE'],
});

export const acceptFeed = endpoint({
  name: 'acceptFeed',
  summary: 'Take over a feed that was refused because it has fewer records than before. Answers when it is in use.',
  method: 'POST',
  path: '/knowledge/feeds/:feed/accept',
  permission: 'knowledge:write',
  params: z.object({ feed: z.string().min(1).max(100) }),
  reply: Knowledge,
  errors: ['NOT_FOUND', 'CONFLICT', 'UNAVAILABLE'],
});
