import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { Instant } from '../ids.ts';
import { WholeList } from './paging.ts';

/** What can be asked for in the query language. */
export const QueryEntity = z.enum(['asset', 'detection', 'check', 'software', 'event']);
export type QueryEntity = z.infer<typeof QueryEntity>;

export const listFieldValues = endpoint({
  name: 'listFieldValues',
  summary: 'Values of a field of the query language that exist and begin with a text, for whoever is writing a query.',
  method: 'GET',
  path: '/query/values',
  permission: 'asset:read',
  query: z.object({
    about: QueryEntity,
    field: z.string().max(64),
    prefix: z.string().max(100).default(''),
  }),
  reply: z.object({ items: z.array(z.string()) }),
});

export const SavedQueryId = z.uuid().brand<'SavedQueryId'>();
export type SavedQueryId = z.infer<typeof SavedQueryId>;

/** A query under a name: for the palette, for tiles of the dashboard, for the command line. */
export const SavedQuery = z.object({
  savedQueryId: SavedQueryId,
  name: z.string(),
  about: QueryEntity,
  query: z.string(),
  /** Everybody of the organization sees it; otherwise its owner alone. */
  shared: z.boolean(),
  /** With the number of what it finds on the dashboard of whoever sees it. */
  onDashboard: z.boolean(),
  /** Login name. */
  owner: z.string(),
  isOwn: z.boolean(),
  changedAt: Instant,
});
export type SavedQuery = z.infer<typeof SavedQuery>;

const SavedQueryText = z.object({
  name: z.string().trim().min(1).max(100),
  about: QueryEntity,
  query: z.string().min(1).max(4096).meta({ description: 'In the query language' }),
  shared: z.boolean().default(false),
  onDashboard: z.boolean().default(false),
});

export const listSavedQueries = endpoint({
  name: 'listSavedQueries',
  summary: 'Queries that were saved by the caller or shared, by name.',
  method: 'GET',
  path: '/queries',
  permission: 'session',
  query: WholeList,
  reply: z.object({ items: z.array(SavedQuery) }),
});

/** Of one person: a palette with more helps nobody, and a loop must not fill the database. */
export const maxSavedQueries = 200;

export const saveQuery = endpoint({
  name: 'saveQuery',
  summary: "Save a query; one of the caller's of the same name is replaced. To share it takes the permission query:share.",
  method: 'POST',
  path: '/queries',
  permission: 'session',
  body: SavedQueryText,
  reply: SavedQuery,
  errors: ['FORBIDDEN', 'CONFLICT'],
});

export const deleteSavedQuery = endpoint({
  name: 'deleteSavedQuery',
  summary: "Delete a saved query of the caller's, or with the permission query:share one that is shared.",
  method: 'DELETE',
  path: '/queries/:savedQueryId',
  permission: 'session',
  params: z.object({ savedQueryId: SavedQueryId }),
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND'],
});
