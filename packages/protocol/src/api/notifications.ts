import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { Instant } from '../ids.ts';
import { CursorPage, listOf, QueryText, sortedBy, WholeList } from './paging.ts';

export const ChannelId = z.uuid().brand<'ChannelId'>();
export const RuleId = z.uuid().brand<'RuleId'>();

/** What can be told. Of detections by the query of a rule; the others about assets, releases and feeds. */
export const NotificationEvent = z.enum([
  'detection.new',
  'detection.reopened',
  'detection.fixed',
  'detection.known-exploited',
  'agent.silent',
  'rollout.halted',
  'feed.failing',
]);
export type NotificationEvent = z.infer<typeof NotificationEvent>;

const Host = z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'a host name or an address');
const Certificates = z
  .string()
  .max(20_000)
  .nullable()
  .default(null)
  .meta({ description: 'PEM certificates to believe instead of the usual ones' });
const Port = z.int().min(1).max(65_535);
/** No line ends: they would begin a header of their own. */
const Mailbox = z.email().max(320);
const Format = z
  .enum(['vedette', 'ocsf'])
  .default('vedette')
  .meta({ description: 'ocsf: Vulnerability Finding (2002), detections only' });

/** Where to; without what is secret. */
export const ChannelSettings = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('email'),
    host: Host,
    port: Port.default(587),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .meta({ description: 'none: in the clear, without a login' }),
    user: z.string().max(320).nullable().default(null),
    from: Mailbox,
    to: z.array(Mailbox).min(1).max(50),
    ca: Certificates,
  }),
  z.object({ kind: z.literal('webhook'), url: z.url({ protocol: /^https?$/ }).max(2000), format: Format }),
  z.object({ kind: z.literal('slack') }),
  z.object({
    kind: z.literal('syslog'),
    host: Host,
    port: Port.default(6514),
    transport: z.enum(['tls', 'tcp', 'udp']).default('tls'),
    facility: z.int().min(0).max(23).default(16),
    format: Format,
    ca: Certificates,
  }),
]);
export type ChannelSettings = z.infer<typeof ChannelSettings>;

const Name = z.string().min(1).max(120);

export const NotificationChannel = z.object({
  channelId: ChannelId,
  name: z.string(),
  settings: ChannelSettings,
  hasSecret: z.boolean().meta({ description: 'It is kept, and never given back' }),
  enabled: z.boolean(),
  problem: z.string().nullable().meta({ description: 'Why the last delivery failed; null since one succeeded' }),
  lastDeliveredAt: Instant.nullable(),
  waiting: z.int(),
});
export type NotificationChannel = z.infer<typeof NotificationChannel>;

export const NotificationRule = z.object({
  ruleId: RuleId,
  name: z.string(),
  events: z.array(NotificationEvent),
  query: z.string().nullable(),
  assets: z.string().nullable(),
  channelIds: z.array(ChannelId),
  digestMinutes: z.int(),
  enabled: z.boolean(),
  createdBy: z.string().meta({ description: 'Whoever saved it last' }),
  problem: z.string().nullable().meta({ description: 'Why somebody should look at it; it goes on all the same' }),
});
export type NotificationRule = z.infer<typeof NotificationRule>;

const Id = <Key extends string, Schema extends z.ZodType>(key: Key, schema: Schema) =>
  z.object({ [key]: schema } as { [name in Key]: Schema }); // one computed key

export const listNotificationChannels = endpoint({
  name: 'listNotificationChannels',
  summary: 'Channels by which notifications and reports leave, with how the last delivery went.',
  method: 'GET',
  path: '/notification-channels',
  permission: 'notification:read',
  query: WholeList,
  reply: z.object({ items: z.array(NotificationChannel) }),
});

export const saveNotificationChannel = endpoint({
  name: 'saveNotificationChannel',
  summary: 'Make a channel, or change one. Of a new webhook the signing secret is given out once.',
  method: 'POST',
  path: '/notification-channels',
  permission: 'notification:write',
  body: z.object({
    channelId: ChannelId.optional().meta({ description: 'Of the one to change' }),
    name: Name,
    settings: ChannelSettings,
    secret: z.string().min(1).max(2000).optional().meta({
      description:
        'Password of the mail server, signing secret of a webhook (whsec_…; made when left out), address of a Slack webhook',
    }),
    enabled: z.boolean().default(true),
  }),
  reply: z.object({
    channel: NotificationChannel,
    secret: z.string().nullable().meta({ description: 'The one that was made now' }),
  }),
  errors: ['BAD_REQUEST', 'NOT_FOUND'],
});

export const deleteNotificationChannel = endpoint({
  name: 'deleteNotificationChannel',
  summary: 'Delete a channel with what waits for it. Refused while a rule or a schedule uses it.',
  method: 'DELETE',
  path: '/notification-channels/:channelId',
  permission: 'notification:write',
  params: Id('channelId', ChannelId),
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND', 'CONFLICT'],
});

export const testNotificationChannel = endpoint({
  name: 'testNotificationChannel',
  summary: 'Send a test message now, and say how it went.',
  method: 'POST',
  path: '/notification-channels/:channelId/test',
  permission: 'notification:write',
  params: Id('channelId', ChannelId),
  reply: z.object({ delivered: z.boolean(), problem: z.string().nullable() }),
  errors: ['NOT_FOUND'],
});

export const listNotificationRules = endpoint({
  name: 'listNotificationRules',
  summary: 'Rules: what is told to which channels.',
  method: 'GET',
  path: '/notification-rules',
  permission: 'notification:read',
  query: WholeList,
  reply: z.object({ items: z.array(NotificationRule) }),
});

export const saveNotificationRule = endpoint({
  name: 'saveNotificationRule',
  summary: 'Make a rule, or change one, which makes it your own. It holds for what happens from now on.',
  method: 'POST',
  path: '/notification-rules',
  permission: 'notification:write',
  body: z.object({
    ruleId: RuleId.optional().meta({ description: 'Of the one to change' }),
    name: Name,
    events: z.array(NotificationEvent).min(1),
    query: QueryText.meta({ description: 'About detections; all when left out' }),
    assets: QueryText.meta({ description: 'About assets; all when left out' }),
    channelIds: z.array(ChannelId).min(1).max(20),
    digestMinutes: z.int().min(0).max(10_080).default(5).meta({
      description: 'Of mail and Slack: what happens within so many minutes is one message',
    }),
    enabled: z.boolean().default(true),
  }),
  reply: NotificationRule,
  errors: ['BAD_REQUEST', 'NOT_FOUND'],
});

export const deleteNotificationRule = endpoint({
  name: 'deleteNotificationRule',
  summary: 'Delete a rule; what waits already is still sent.',
  method: 'DELETE',
  path: '/notification-rules/:ruleId',
  permission: 'notification:write',
  params: Id('ruleId', RuleId),
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND'],
});

export const Delivery = z.object({
  messageId: z.uuid(),
  channel: z.string(),
  subject: z.string(),
  events: z.int().meta({ description: 'How many are told in it' }),
  state: z.enum(['waiting', 'delivered', 'given-up']),
  attempts: z.int(),
  problem: z.string().nullable(),
  createdAt: Instant,
  dueAt: Instant.meta({ description: 'When it is tried next' }),
  deliveredAt: Instant.nullable(),
});
export type Delivery = z.infer<typeof Delivery>;

/** `dueAt`: what waits and is tried next first. */
export const DeliverySorting = z.enum(['createdAt', 'subject', 'channel', 'events', 'state', 'attempts', 'dueAt']);
export type DeliverySorting = z.infer<typeof DeliverySorting>;

export const listDeliveries = endpoint({
  name: 'listDeliveries',
  summary: 'The delivery log, the newest first; delivered ones are kept for 30 days.',
  method: 'GET',
  path: '/notifications',
  permission: 'notification:read',
  query: CursorPage.extend({
    ...sortedBy(DeliverySorting.default('createdAt')),
    state: z.enum(['waiting', 'delivered', 'given-up']).optional(),
    channelId: ChannelId.optional(),
  }),
  reply: listOf(Delivery),
});
