import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { eventsPerMessage, type MessageBody, type ToldEvent } from './message.ts';

export type RuleRow = Selectable<Database['notificationRule']>;

export interface RuleChannel {
  readonly id: string;
  /** Whether people read it: they get one message for many events. */
  readonly isDigest: boolean;
}

/** Writes events of a rule into the messages that wait for its channels, and into new ones. */
export async function writeEvents(
  tx: Kysely<Database>,
  { rule, channels, events, now }: { rule: RuleRow; channels: readonly RuleChannel[]; events: readonly ToldEvent[]; now: Date },
): Promise<void> {
  if (events.length === 0) return;
  for (const { id: channelId, isDigest } of channels) {
    if (isDigest) await addToDigest(tx, { rule, channelId, events, now });
    else
      for (let from = 0; from < events.length; from += eventsPerMessage) {
        const part = events.slice(from, from + eventsPerMessage);
        await insertEvents(tx, { rule, channelId, events: part, now, dueAt: now });
      }
  }
}

interface Addition {
  readonly rule: RuleRow;
  readonly channelId: string;
  readonly events: readonly ToldEvent[];
  readonly now: Date;
}

/** One message tells how many, and of the first ones what; a flood is one message. */
async function addToDigest(tx: Kysely<Database>, { rule, channelId, events, now }: Addition): Promise<void> {
  const open = await tx
    .selectFrom('notificationMessage')
    .select(['id', 'events', 'body'])
    .where('ruleId', '=', rule.id)
    .where('channelId', '=', channelId)
    .where('state', '=', 'waiting')
    .where('attempts', '=', 0)
    .where('dueAt', '>', now)
    .forUpdate()
    .executeTakeFirst();
  if (!open) {
    const dueAt = new Date(now.getTime() + rule.digestMinutes * 60_000);
    await insertEvents(tx, { rule, channelId, events, now, dueAt });
    return;
  }
  const body = open.body as Extract<MessageBody, { kind: 'events' }>; // written below, for a rule
  const count = open.events + events.length;
  const told = [...body.events, ...events.slice(0, Math.max(0, eventsPerMessage - body.events.length))];
  const change = { events: count, subject: subjectOf(rule, told, count), body: JSON.stringify({ ...body, events: told }) };
  await tx.updateTable('notificationMessage').set(change).where('id', '=', open.id).execute();
}

async function insertEvents(
  tx: Kysely<Database>,
  { rule, channelId, events, now, dueAt }: Addition & { readonly dueAt: Date },
): Promise<void> {
  const told = events.slice(0, eventsPerMessage);
  const body: MessageBody = { kind: 'events', rule: rule.name, events: told };
  await insertMessage(tx, {
    organizationId: rule.organizationId,
    channelId,
    ruleId: rule.id,
    subject: subjectOf(rule, told, events.length),
    events: events.length,
    body,
    createdAt: now,
    dueAt,
  });
}

export interface NewMessage {
  readonly organizationId: string;
  readonly channelId: string;
  readonly ruleId: string | null;
  readonly subject: string;
  readonly events: number;
  readonly body: MessageBody;
  readonly createdAt: Date;
  readonly dueAt: Date;
}

export async function insertMessage(tx: Kysely<Database>, { body, ...message }: NewMessage): Promise<string> {
  const id = randomUUID();
  await tx
    .insertInto('notificationMessage')
    .values({ ...message, id, body: JSON.stringify(body), state: 'waiting' })
    .execute();
  return id;
}

function subjectOf({ name }: RuleRow, events: readonly ToldEvent[], count: number): string {
  const [first] = events;
  return count === 1 && first ? `${name}: ${first.text}`.slice(0, 200) : `${name}: ${count} events`;
}

/** Deletes messages that were delivered or given up before. */
export async function forgetMessages(db: Kysely<Database>, before: Date): Promise<void> {
  await sql`delete from notification_message where state <> 'waiting' and created_at < ${before}`.execute(db);
}
