import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { AssetId, Instant } from '../ids.ts';
import { Severity } from '../knowledge/severity.ts';
import { Cursor, Page, SortDirection } from './paging.ts';

import { RiskScore } from './risk.ts';

/** machine: a kernel. processes: a library that running processes have loaded. none: only what is started anew uses it. */
export const FixRestart = z.enum(['machine', 'processes', 'none']);
export type FixRestart = z.infer<typeof FixRestart>;

/** A source package brought to the lowest version that removes everything that any version of it can remove. */
export const FixAction = z.object({
  ecosystem: z.string(),
  release: z.string(),
  source: z.string(),
  fixed: z.string().meta({ description: 'At least this version, in the order of the ecosystem' }),
  packages: z.array(z.string()).meta({ description: 'Installed packages that are built from it and affected' }),
  restart: FixRestart,
  severity: Severity.meta({ description: 'Of the worst that it removes' }),
  detections: z.int().min(0).meta({ description: 'So many are gone when this alone is done' }),
  assets: z.int().min(0).meta({ description: 'On which something is gone then' }),
  share: z.number().min(0).max(1).meta({ description: 'Of the weight of all risk: what is gone then' }),
  command: z.string().nullable().meta({ description: 'For a shell of the asset; null where we know no package manager' }),
});
export type FixAction = z.infer<typeof FixAction>;

/** What a list of upgrades comes to, all of them done. */
export const FixEffect = z.object({
  riskNow: RiskScore,
  riskAfter: RiskScore,
  detectionsNow: z.int().min(0),
  detectionsAfter: z.int().min(0),
  share: z.number().min(0).max(1).meta({ description: 'Of the weight of all risk: what is gone' }),
});
export type FixEffect = z.infer<typeof FixEffect>;

export const FixSorting = z.enum(['share', 'source', 'severity', 'detections', 'assets', 'restart', 'release']);
export type FixSorting = z.infer<typeof FixSorting>;

export const listFixes = endpoint({
  name: 'listFixes',
  summary: 'Upgrades over the fleet, those that remove most risk first.',
  method: 'GET',
  path: '/fixes',
  permission: 'detection:read',
  query: Page.omit({ offset: true }).extend({
    after: Cursor.optional().meta({ description: '`next` of the page before' }),
    asOf: Instant.optional().meta({ description: 'The upgrades to be made at this moment of the past' }),
    search: z.string().max(200).optional().meta({ description: 'Part of the source package, its ecosystem or its release' }),
    sort: FixSorting.default('share').meta({
      description:
        'share and other figures: the highest first; source and release: by name; restart: the machine, processes, none',
    }),
    direction: SortDirection.default('ascending').meta({ description: 'descending: the other way round' }),
  }),
  reply: z.object({
    total: z.int().min(0),
    items: z.array(FixAction),
    together: FixEffect.meta({ description: 'Of all on this page' }),
    next: Cursor.nullable(),
  }),
});

export const getAssetFixes = endpoint({
  name: 'getAssetFixes',
  summary: 'The smallest set of upgrades that removes all that upgrades can remove from an asset, most risk first.',
  method: 'GET',
  path: '/assets/:assetId/fixes',
  permission: 'detection:read',
  params: z.object({ assetId: AssetId }),
  query: z.object({ asOf: Instant.optional().meta({ description: 'The upgrades to be made at this moment of the past' }) }),
  reply: z.object({
    items: z.array(FixAction),
    together: FixEffect,
    commands: z.array(z.string()).meta({ description: 'All of it, one line for each package manager' }),
  }),
  errors: ['NOT_FOUND'],
});
