import { type Kysely, type Selectable, sql } from 'kysely';
import type { Context } from '../context.ts';
import { outsideScope } from '../db/asset-scope.ts';
import type { Database } from '../db/schema.ts';
import { DeliveryError } from './channels/delivery-error.ts';
import { type ChannelRow, deliver } from './deliver.ts';
import type { Message, MessageBody } from './message.ts';

type MessageRow = Selectable<Database['notificationMessage']>;

const pollMs = 2000;
const atOnce = 4;
/** Longer than any attempt takes. */
const claimMs = 5 * 60_000;
const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
/** Until the next attempt; the schedule that Standard Webhooks proposes. After the last one the message is given up: three days. */
const waits = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];

/**
 * Sends what waits, several at a time, from the database: what a killed process was sending is sent again by the next, with the id that it
 * had. A channel that fails does not keep the others waiting.
 */
export class Dispatcher implements AsyncDisposable {
  readonly #context: Pick<Context, 'db' | 'config' | 'clock' | 'log' | 'sealer'>;
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(context: Pick<Context, 'db' | 'config' | 'clock' | 'log' | 'sealer'>) {
    this.#context = context;
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), pollMs).unref();
  }

  wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#running ??= outsideScope(() => this.work()).finally(() => {
      this.#running = null;
    });
  }

  /** Sends what is due, until nothing is. Never throws. */
  async work(): Promise<void> {
    const { db, clock, log } = this.#context;
    try {
      while (!this.#stop.signal.aborted) {
        const rows = await claim(db, clock());
        if (rows.length === 0) return;
        await Promise.all(rows.map((row) => this.#send(row)));
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) log.warn({ err: error }, 'notifications cannot be sent at the moment');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    if (this.#timer) clearInterval(this.#timer);
    await this.#running;
  }

  async #send(row: MessageRow): Promise<void> {
    const { db, log } = this.#context;
    const channel = await db.selectFrom('notificationChannel').selectAll().where('id', '=', row.channelId).executeTakeFirst();
    if (!channel) return;
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(claimMs / 2)]);
      await deliver(this.#context, channel, { message: toMessage(row), signal });
      await this.#settle(row, channel, null);
    } catch (error) {
      // We stop: the attempt did not count.
      if (this.#stop.signal.aborted) return release(db, row);
      if (!(error instanceof DeliveryError)) log.error({ err: error, message: row.id }, 'a notification could not be sent');
      const isKnown = error instanceof DeliveryError;
      await this.#settle(row, channel, isKnown ? error : new DeliveryError('FAILED', 'It could not be sent; the log says why.'));
    }
  }

  async #settle(row: MessageRow, channel: ChannelRow, error: DeliveryError | null): Promise<void> {
    const { db, clock } = this.#context;
    const now = clock();
    const wait = waits[row.attempts - 1];
    const isOver = error !== null && (wait === undefined || error.code === 'GONE');
    const change =
      error === null
        ? { state: 'delivered' as const, deliveredAt: now, problem: null, claimedUntil: null }
        : {
            problem: error.message,
            claimedUntil: null,
            ...(isOver ? { state: 'given-up' as const } : { dueAt: new Date(now.getTime() + (wait ?? 0)) }),
          };
    await db
      .updateTable('notificationMessage')
      .set(change)
      .where('id', '=', row.id)
      // Somebody else may have taken it over.
      .where('attempts', '=', row.attempts)
      .execute();
    await db
      .updateTable('notificationChannel')
      .set(
        error === null
          ? { problem: null, lastDeliveredAt: now }
          : { problem: error.message, enabled: channel.enabled && error.code !== 'GONE' },
      )
      .where('id', '=', channel.id)
      .execute();
  }
}

async function claim(db: Kysely<Database>, now: Date): Promise<MessageRow[]> {
  const { rows } = await sql<MessageRow>`
    update notification_message set attempts = attempts + 1, claimed_until = ${new Date(now.getTime() + claimMs)}
    where id in (
      select message.id from notification_message as message
      join notification_channel as channel on channel.id = message.channel_id
      where state = 'waiting' and due_at <= ${now} and (claimed_until is null or claimed_until < ${now}) and channel.enabled
      order by due_at limit ${atOnce} for update of message skip locked)
    returning *`.execute(db);
  return rows;
}

async function release(db: Kysely<Database>, { id, attempts }: MessageRow): Promise<void> {
  const back = { claimedUntil: null, attempts: attempts - 1 };
  await db.updateTable('notificationMessage').set(back).where('id', '=', id).where('attempts', '=', attempts).execute();
}

function toMessage({ id, organizationId, subject, events, createdAt, body }: MessageRow): Message {
  return { id, organizationId, subject, events, createdAt, body: body as MessageBody }; // written by insertMessage
}
