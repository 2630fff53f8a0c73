import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { AssetId, CheckNumber, Instant } from '../ids.ts';
import { Severity } from '../knowledge/severity.ts';
import { CursorPage, listOf, QueryText, sortedBy } from './paging.ts';

/** What an event can be about, in the order in which events of one moment are told. */
export const eventKinds = ['knowledge', 'detection', 'package', 'fact', 'agent', 'upgrade'] as const;
export const EventKindName = z.enum(eventKinds);
export type EventKindName = z.infer<typeof EventKindName>;

/** Something that happened. Which fields an event has besides the first ones depends on its kind. */
export const FleetEvent = z.object({
  eventId: z.string().meta({ description: 'The same for the same event, whenever it is asked for' }),
  at: Instant,
  kind: EventKindName,
  status: z.string().meta({ description: 'What happened: installed, opened, enrolled …; more may come' }),
  cause: z.string().nullable().meta({ description: 'Of a detection: inventory or knowledge, whichever changed' }),
  text: z.string().meta({ description: 'In one line' }),
  assetId: AssetId.nullable(),
  hostname: z.string().nullable(),
  collector: z.string().nullable().meta({ description: 'Of packages and facts: what told of it' }),
  package: z.string().nullable(),
  version: z.string().nullable().meta({ description: 'Of the package that came, of the release, of the knowledge' }),
  previous: z.string().nullable().meta({ description: 'Version of the package that went' }),
  check: CheckNumber.nullable(),
  name: z.string().nullable().meta({ description: 'Of the check' }),
  severity: Severity.nullable().meta({ description: 'Of the check' }),
});
export type FleetEvent = z.infer<typeof FleetEvent>;

/** How many events each stretch of time had, oldest first. */
export const EventChart = z.object({
  from: Instant,
  stepSeconds: z.number().positive(),
  kinds: z.array(z.object({ kind: EventKindName, counts: z.array(z.int().min(0)) })),
});
export type EventChart = z.infer<typeof EventChart>;

/** `at`: the newest first. `severity`: the highest first. The others by the letters, what is not there last. What is alike is newest first. */
export const EventSorting = z.enum(['at', 'kind', 'status', 'severity', 'hostname', 'cause', 'collector']);
export type EventSorting = z.infer<typeof EventSorting>;

export const listEvents = endpoint({
  name: 'listEvents',
  summary: 'What happened to assets, detections, agents, releases and the knowledge base, newest first.',
  method: 'GET',
  path: '/events',
  permission: 'asset:read',
  query: CursorPage.extend({
    offset: z.coerce.number().int().min(0).max(10_000).default(0),
    query: QueryText,
    ...sortedBy(
      EventSorting.default('at').meta({
        description:
          'at: newest first; severity: the highest first; others by the letters, what is not there last. What is alike is newest first',
      }),
    ),
    from: Instant.optional().meta({ description: 'The first moment; 24 hours before the last one where it is left out' }),
    to: Instant.optional().meta({ description: 'Up to here, without it; now where it is left out' }),
    asOf: Instant.optional().meta({ description: 'What had happened by then; the same as `to` just behind it' }),
    buckets: z.coerce
      .number()
      .int()
      .min(0)
      .max(200)
      .default(0)
      .meta({ description: 'Into how many stretches the chart is to be cut; 0 for no chart. The first page alone has one' }),
  }),
  reply: listOf(FleetEvent).extend({
    from: Instant,
    to: Instant,
    kinds: z.array(EventKindName).meta({ description: 'Which kinds the caller may see; the others were not looked at' }),
    isExact: z.boolean().meta({ description: 'false: there are at least `total`, counting all would take too long' }),
    chart: EventChart.nullable(),
  }),
});
