import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { CheckNumber } from '../ids.ts';
import { SeverityCounts } from './assets.ts';
import { DetectionFilter } from './detections.ts';
import { Cursor, SortDirection } from './paging.ts';
import { RiskScore } from './risk.ts';

export const DetectionGrouping = z.enum([
  'severity',
  'status',
  'os',
  'ecosystem',
  'release',
  'asset',
  'check',
  'package',
  'firstFound',
]);
export type DetectionGrouping = z.infer<typeof DetectionGrouping>;

export const DetectionGroup = z.object({
  key: z
    .string()
    .meta({ description: 'What they have in common: a severity, a day (UTC) or "earlier", an asset id, a check number …' }),
  label: z.string().meta({ description: 'For people: name of the check, host name; otherwise the key' }),
  detections: z.int().min(0),
  assets: z.int().min(0).nullable().meta({ description: 'On how many different assets; null for days' }),
});
export type DetectionGroup = z.infer<typeof DetectionGroup>;

/** `detections`, `assets`: most first. `label`: by the letters, days by their date. */
export const DetectionGroupSorting = z.enum(['detections', 'assets', 'label']);
export type DetectionGroupSorting = z.infer<typeof DetectionGroupSorting>;

export const countDetections = endpoint({
  name: 'countDetections',
  summary: 'Detections, counted by what they have in common, most first; one counts for each package that makes it true.',
  method: 'GET',
  path: '/detections/counts',
  permission: 'detection:read',
  query: DetectionFilter.omit({ assetId: true }).extend({
    groupBy: DetectionGrouping,
    label: z.string().max(200).optional().meta({ description: 'Only groups with this in their label' }),
    sort: DetectionGroupSorting.default('detections'),
    direction: SortDirection.default('ascending').meta({ description: 'descending turns the list round' }),
  }),
  reply: z.object({
    groups: z.array(DetectionGroup),
    total: z.int().min(0).meta({ description: 'Groups, also those beyond the limit' }),
    next: Cursor.nullable().meta({ description: '`after` of the next page; null on the last one' }),
    detections: z.int().min(0).meta({ description: 'Each counted once' }),
  }),
});

/** A source package of a release, brought to the newest version that fixes something wherever it is installed. */
export const Upgrade = z.object({ ecosystem: z.string().max(64), release: z.string().max(64), source: z.string().max(200) });
export type Upgrade = z.infer<typeof Upgrade>;

export const Remainder = z.object({
  open: SeverityCounts,
  risk: RiskScore.default(0).meta({ description: 'Of the fleet' }),
  assets: z.int().min(0).meta({ description: 'Assets with an open detection that is more than information' }),
});
export type Remainder = z.infer<typeof Remainder>;

export const whatIf = endpoint({
  name: 'whatIf',
  summary: 'What would stay open if these checks were dealt with and these upgrades made everywhere.',
  method: 'POST',
  path: '/detections/what-if',
  permission: 'detection:read',
  body: z.object({
    checks: z.array(CheckNumber).max(10_000).default([]),
    upgrades: z.array(Upgrade).max(1000).default([]),
  }),
  reply: z.object({ now: Remainder, after: Remainder }),
});
