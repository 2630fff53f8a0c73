import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { Instant } from '../ids.ts';
import { CursorPage, listOf, QueryText, SortDirection } from './paging.ts';

/** A version of a package that some asset has. */
export const Software = z.object({
  name: z.string(),
  version: z.string(),
  ecosystem: z.string(),
  release: z
    .string()
    .meta({ description: 'Of the operating system, as advisories name it; empty where packages belong to none' }),
  source: z.string().meta({ description: 'Source package of which it was built' }),
  assets: z.int().min(0).meta({ description: 'Assets that have it' }),
  detections: z.int().min(0).meta({ description: 'Open detections that it makes true, on all of them' }),
});
export type Software = z.infer<typeof Software>;

/** `version`: by ecosystem, and in each the oldest first, in its own order of versions. `assets`, `detections`: most first. */
export const SoftwareSorting = z.enum(['name', 'version', 'ecosystem', 'source', 'assets', 'detections']);
export type SoftwareSorting = z.infer<typeof SoftwareSorting>;

export const listSoftware = endpoint({
  name: 'listSoftware',
  summary: 'Package versions that are installed somewhere, and on how many assets: where is X?',
  method: 'GET',
  path: '/software',
  permission: 'asset:read',
  query: CursorPage.extend({
    query: QueryText,
    search: z.string().max(200).optional().meta({ description: 'Part of the name of a package or of its source' }),
    sort: SoftwareSorting.default('name'),
    direction: SortDirection.default('ascending'),
    asOf: Instant.optional().meta({ description: 'What was installed at this moment, and the detections of then' }),
  }),
  reply: listOf(Software),
});
