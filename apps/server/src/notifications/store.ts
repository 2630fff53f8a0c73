import {
  ChannelSettings,
  type Delivery,
  type DeliverySorting,
  type listDeliveries,
  type NotificationChannel,
  type NotificationRule,
} from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { z } from 'zod';
import { ownerRights } from '../auth/owner-rights.ts';
import type { Database } from '../db/schema.ts';
import { byFigure, byNewest, bySoonest, byText, findSorted, type SortKey } from '../http/list-cursor.ts';
import type { ChannelRow } from './deliver.ts';
import type { RuleRow } from './write-messages.ts';

type Db = Kysely<Database>;
type DeliveryRow = Omit<Delivery, 'createdAt' | 'dueAt' | 'deliveredAt'> &
  Record<'createdAt' | 'dueAt', Date> & { readonly deliveredAt: Date | null };

export async function loadChannels(db: Db, organizationId: string): Promise<NotificationChannel[]> {
  const { rows } = await sql<ChannelRow & { waiting: number }>`
    select channel.*, (select count(*)::integer from notification_message where channel_id = channel.id and state = 'waiting') as waiting
    from notification_channel as channel where organization_id = ${organizationId} order by name, id`.execute(db);
  return rows.map((row) => toChannel(row, row.waiting));
}

export async function findChannel(db: Db, organizationId: string, id: string): Promise<ChannelRow | null> {
  const row = await db
    .selectFrom('notificationChannel')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

export async function writeChannel(
  db: Db,
  { settings, ...row }: Omit<ChannelRow, 'settings' | 'problem' | 'lastDeliveredAt'> & { settings: ChannelSettings },
): Promise<ChannelRow> {
  const values = { ...row, settings: JSON.stringify(settings) };
  const { name, secret, enabled } = row;
  return db
    .insertInto('notificationChannel')
    .values(values)
    .onConflict((on) => on.column('id').doUpdateSet({ name, secret, enabled, settings: values.settings, problem: null }))
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Names of the rules and schedules that use a channel. */
export async function usesOfChannel(db: Db, organizationId: string, id: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select 'rule ' || name as name from notification_rule where organization_id = ${organizationId} and ${id}::uuid = any(channel_ids)
    union all
    select 'schedule ' || (wish ->> 'name') from report_schedule where organization_id = ${organizationId} and ${id}::uuid = any(channel_ids)
    order by name`.execute(db);
  return rows.map(({ name }) => name);
}

export async function loadRules(db: Db, organizationId: string): Promise<RuleRow[]> {
  return db
    .selectFrom('notificationRule')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .orderBy('name')
    .orderBy('id')
    .execute();
}

export async function writeRule(db: Db, row: RuleRow): Promise<RuleRow> {
  const { name, events, query, assets, channelIds, digestMinutes, enabled, scopes, createdBy, ownerId } = row;
  const change = { name, events, query, assets, channelIds, digestMinutes, enabled, scopes, createdBy, ownerId };
  return db
    .insertInto('notificationRule')
    .values(row)
    .onConflict((on) => on.column('id').doUpdateSet(change))
    .returningAll()
    .executeTakeFirstOrThrow();
}

const newest: readonly SortKey[] = [...byNewest(sql`created_at`), { by: sql`message_id::text`, type: 'text' }];

const deliveryKeys: Readonly<Record<DeliverySorting, readonly SortKey[]>> = {
  createdAt: newest,
  subject: [...byText(sql`subject`), ...newest],
  channel: [...byText(sql`channel`), ...newest],
  events: [...byFigure(sql`events`), ...newest],
  state: [{ by: sql`array_position(array['waiting', 'given-up', 'delivered'], state)`, type: 'number' }, ...newest],
  attempts: [...byFigure(sql`attempts`), ...newest],
  dueAt: [...bySoonest(sql`case when state = 'waiting' then due_at end`), ...newest],
};

/** The delivery log. Throws ApiError BAD_REQUEST for a cursor of another order. */
export async function loadDeliveries(
  db: Db,
  organizationId: string,
  query: z.output<typeof listDeliveries.query>,
): Promise<{ total: number; items: Delivery[]; next: string | null }> {
  const { state, channelId } = query;
  const filtered = sql`
    select message.id as message_id, channel.name as channel, subject, events, state, attempts, message.problem, message.created_at, due_at,
      delivered_at
    from notification_message as message join notification_channel as channel on channel.id = channel_id
    where message.organization_id = ${organizationId}
      and ${state === undefined ? sql`true` : sql`state = ${state}`}
      and ${channelId === undefined ? sql`true` : sql`channel_id = ${channelId}`}`;
  const { total, rows, next } = await findSorted<DeliveryRow>(db, filtered, deliveryKeys[query.sort], query);
  const items = rows.map((row) => ({
    ...row,
    createdAt: row.createdAt.toISOString(),
    dueAt: row.dueAt.toISOString(),
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
  }));
  return { total, items, next };
}

/** Without the secret. */
export function toChannel(row: ChannelRow, waiting: number): NotificationChannel {
  return {
    channelId: row.id as NotificationChannel['channelId'], // Ids from our own table.
    name: row.name,
    settings: ChannelSettings.parse(row.settings),
    hasSecret: row.secret !== null,
    enabled: row.enabled,
    problem: row.problem,
    lastDeliveredAt: row.lastDeliveredAt?.toISOString() ?? null,
    waiting,
  };
}

/**
 * Rules are the organization's, made by those who may see all of it: one goes on when whoever saved it last is gone, since nobody would
 * hear that nothing is told any more. It says so, because what it tells may go to them.
 */
export async function toRule(db: Db, row: RuleRow): Promise<NotificationRule> {
  const { problem } = await ownerRights(db, row, 'notification:write');
  return {
    ruleId: row.id as NotificationRule['ruleId'], // Ids from our own tables.
    name: row.name,
    events: row.events,
    query: row.query,
    assets: row.assets[0] ?? null,
    channelIds: row.channelIds as NotificationRule['channelIds'],
    digestMinutes: row.digestMinutes,
    enabled: row.enabled,
    createdBy: row.createdBy,
    problem: problem && `${problem}: see where its channels lead, and save it anew.`,
  };
}
