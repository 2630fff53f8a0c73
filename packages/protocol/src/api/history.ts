import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { AssetId, CheckNumber, Instant } from '../ids.ts';
import { Severity } from '../knowledge/severity.ts';
import { SeverityCounts } from './assets.ts';
import { SortDirection } from './paging.ts';
import { RiskScore } from './risk.ts';

/** What became of detections between two moments. */
export const Changes = z.object({
  /** Open at the second moment, and never found before the first. */
  new: z.int().min(0),
  /** Open at the second moment, not at the first, and found before. */
  reopened: z.int().min(0),
  /** Open at the first moment, not at the second. */
  fixed: z.int().min(0),
});
export type Changes = z.infer<typeof Changes>;

export const ChangeGroup = Changes.extend({
  key: z.string().meta({ description: 'Asset id or check number' }),
  label: z.string().meta({ description: 'Host name, or name of the check' }),
});
export type ChangeGroup = z.infer<typeof ChangeGroup>;

/** What groups of changes are put in order by. */
export const ChangeOrder = z.enum(['changes', 'label', 'new', 'reopened', 'fixed']);
export type ChangeOrder = z.infer<typeof ChangeOrder>;

export const compareMoments = endpoint({
  name: 'compareMoments',
  summary:
    'What became of detections between two moments: new, reopened, fixed, by asset or by check, those with most changes first.',
  method: 'GET',
  path: '/detections/changes',
  permission: 'detection:read',
  query: z.object({
    from: Instant,
    to: Instant.optional().meta({ description: 'Now where it is left out' }),
    groupBy: z.enum(['asset', 'check']).default('asset'),
    assetId: AssetId.optional(),
    search: z.string().max(200).optional().meta({ description: 'Only groups with this in their name' }),
    sort: ChangeOrder.default('changes'),
    direction: SortDirection.default('ascending').meta({ description: 'Ascending: a to z, and figures from the highest' }),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  }),
  reply: z.object({
    from: Instant,
    to: Instant,
    changes: Changes.meta({ description: 'Of all groups' }),
    groups: z.array(ChangeGroup),
    total: z.int().min(0).meta({ description: 'Groups that fit the search, also those of other pages' }),
  }),
});

const Days = z.int().min(1).max(3650).nullable();

/** Within how many days detections are to be fixed, from when they were first found, by severity; null for no deadline. */
export const Deadlines = z.object({ critical: Days, high: Days, medium: Days, low: Days, informational: Days });
export type Deadlines = z.infer<typeof Deadlines>;

export const getDeadlines = endpoint({
  name: 'getDeadlines',
  summary: 'Within how many days detections are to be fixed.',
  method: 'GET',
  path: '/settings/deadlines',
  permission: 'detection:read',
  reply: Deadlines,
});

export const setDeadlines = endpoint({
  name: 'setDeadlines',
  summary: 'Set within how many days detections are to be fixed.',
  method: 'POST',
  path: '/settings/deadlines',
  permission: 'settings:write',
  body: Deadlines,
  reply: Deadlines,
});

export const Trends = z.object({
  /** One entry for each stretch of 24 hours, oldest first, `at` its end. */
  days: z.array(
    Changes.extend({
      at: Instant,
      open: SeverityCounts.meta({ description: 'At its end' }),
      risk: RiskScore.meta({
        description: 'Of the fleet at its end: what was open then, weighed by what is known, tagged and excepted now',
      }),
    }),
  ),
  /** Of what was fixed in these days, from when it was found (again) to when it was gone; by the severity of the check. */
  remediation: z.array(
    z.object({
      severity: Severity,
      fixed: z.int().min(0),
      meanSeconds: z.number().min(0).nullable().meta({ description: 'null where nothing was fixed' }),
      measured: z.int().min(0).meta({ description: 'Of so many of them; of very many a sample' }),
    }),
  ),
  /** Open beyond their deadline; of severities that have one. */
  overdue: z.array(
    z.object({
      severity: Severity,
      days: z.int(),
      query: z.string().meta({ description: 'Which finds exactly these detections, as of the same moment' }),
      detections: z
        .int()
        .min(0)
        .nullable()
        .meta({ description: 'null for deadlines beyond what is counted at hand: the list of the query tells' }),
    }),
  ),
});
export type Trends = z.infer<typeof Trends>;

export const getTrends = endpoint({
  name: 'getTrends',
  summary: 'Open, new and fixed detections day by day, mean time to remediate, and what is beyond its deadline.',
  method: 'GET',
  path: '/trends',
  permission: 'detection:read',
  query: z.object({
    days: z.coerce.number().int().min(2).max(30).default(30),
    asOf: Instant.optional().meta({ description: 'The days before this moment, of which about thirty before now are known' }),
  }),
  reply: Trends,
});

export const getPulse = endpoint({
  name: 'getPulse',
  summary: 'A text that changes when packages, detections or knowledge do: cheap to ask for again and again.',
  method: 'GET',
  path: '/pulse',
  permission: 'session',
  reply: z.object({ revision: z.string() }),
});

const Counted = z.object({ count: z.int().min(0), first: z.array(z.string()).meta({ description: 'The first twenty' }) });
const CountedChecks = z.object({
  count: z.int().min(0),
  first: z.array(z.object({ check: CheckNumber, name: z.string() })).meta({ description: 'The first twenty' }),
});

/** Something that happened to an asset. */
export const TimelineEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('enrolled'), at: Instant }),
  /** `added` and `removed` as "name version". */
  z.object({ kind: z.literal('packages'), at: Instant, collector: z.string(), added: Counted, removed: Counted }),
  z.object({ kind: z.literal('facts'), at: Instant, collector: z.string() }),
  z.object({ kind: z.literal('detections'), at: Instant, found: CountedChecks, fixed: CountedChecks }),
]);
export type TimelineEntry = z.infer<typeof TimelineEntry>;

export const getTimeline = endpoint({
  name: 'getTimeline',
  summary: 'What happened to an asset, newest first.',
  method: 'GET',
  path: '/assets/:assetId/timeline',
  permission: 'asset:read',
  params: z.object({ assetId: AssetId }),
  query: z.object({
    before: Instant.optional().meta({ description: 'Only what was before: `at` of the last entry known' }),
    limit: z.coerce.number().int().min(1).max(200).default(50),
  }),
  reply: z.object({ items: z.array(TimelineEntry), more: z.boolean() }),
  errors: ['NOT_FOUND'],
});
