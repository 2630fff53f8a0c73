import type { NotificationEvent } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Config } from '../config.ts';
import type { Database } from '../db/schema.ts';
import type { ToldEvent } from './message.ts';
import type { Position } from './position.ts';

/** So long ago may have happened what is seen only now: transactions take their time. What is told stays told for longer. */
const overlapMs = 24 * 3600 * 1000;

export interface OtherEvent {
  readonly event: Extract<NotificationEvent, 'agent.silent' | 'rollout.halted' | 'feed.failing'>;
  readonly at: Date;
  readonly text: string;
  readonly detail: ToldEvent['detail'];
  /** Of the asset it is about, as the database counts assets; null where it is about none. */
  readonly asset: number | null;
  /** Told once. */
  readonly key: string;
}

interface Look {
  readonly organizationId: string;
  readonly position: Position;
  readonly now: Date;
  readonly silence: Config['silence'];
}

/** What happened beside detections and was not told yet; noted as told in the transaction. */
export async function otherEvents(tx: Kysely<Database>, look: Look): Promise<OtherEvent[]> {
  const found = [...(await silentAgents(tx, look)), ...(await haltedRollouts(tx, look)), ...(await failingFeeds(tx))];
  if (found.length === 0) return [];
  const { rows } = await sql<{ key: string }>`
    insert into notification_told (organization_id, key, at)
    select ${look.organizationId}::uuid, key, ${look.now}::timestamptz from unnest(${found.map(({ key }) => key)}::text[]) as key
    on conflict do nothing returning key`.execute(tx);
  const fresh = new Set(rows.map(({ key }) => key));
  return found.filter(({ key }) => fresh.has(key));
}

/** Never before telling began. */
function begin({ position }: Look): Date {
  return new Date(Math.max(position.lookedAt.getTime() - overlapMs, position.begunAt.getTime()));
}

async function silentAgents(tx: Kysely<Database>, look: Look): Promise<OtherEvent[]> {
  const { organizationId, now, silence } = look;
  const silentMs = silence.silent * 1000;
  const [from, until] = [begin(look), now].map((at) => new Date(at.getTime() - silentMs));
  const { rows } = await sql<{ id: string; number: number; hostname: string; lastSeen: Date }>`
    select id, number, hostname, last_seen from asset
    where organization_id = ${organizationId} and last_seen > ${from} and last_seen <= ${until}
    order by number`.execute(tx);
  return rows.map(({ id, number, hostname, lastSeen }) => ({
    event: 'agent.silent',
    at: new Date(lastSeen.getTime() + silentMs),
    text: `${hostname}: nothing was heard of its agent since ${lastSeen.toISOString().slice(0, 16)}Z`,
    detail: { assetId: id, hostname, lastSeen: lastSeen.toISOString() },
    asset: number,
    key: `silent ${id} ${lastSeen.toISOString()}`,
  }));
}

async function haltedRollouts(tx: Kysely<Database>, look: Look): Promise<OtherEvent[]> {
  const { rows } = await sql<{ number: number; at: Date; kind: string; version: string | null; detail: { reason?: unknown } }>`
    select number, at, kind, version, detail from release_event
    where organization_id = ${look.organizationId} and at > ${begin(look)} and kind in ('rollout-pause', 'rollout-roll-back')
    order by number`.execute(tx);
  return rows.map(({ number, at, kind, version, detail }) => {
    const what = kind === 'rollout-pause' ? 'was halted' : 'was rolled back';
    const reason = typeof detail.reason === 'string' ? detail.reason : '';
    return {
      event: 'rollout.halted',
      at,
      text: `The roll-out of ${version ?? 'a version'} ${what}: ${reason}`,
      detail: { version, what: kind, reason },
      asset: null,
      key: `release ${number}`,
    };
  });
}

/** Once for each time that a feed fails, however often it is tried until it succeeds. */
async function failingFeeds(tx: Kysely<Database>): Promise<OtherEvent[]> {
  const { rows } = await sql<{ feed: string; problem: string; triedAt: Date | null; checkedAt: Date | null }>`
    select feed, problem, tried_at, checked_at from feed_state where problem is not null and tried_at is not null
    order by feed`.execute(tx);
  return rows.map(({ feed, problem, triedAt, checkedAt }) => ({
    event: 'feed.failing',
    at: triedAt ?? new Date(0),
    text: `The feed ${feed} cannot be refreshed: ${problem}`,
    detail: { feed, problem, lastGood: checkedAt?.toISOString() ?? null },
    asset: null,
    key: `feed ${feed} ${checkedAt?.toISOString() ?? 'never'}`,
  }));
}

/** For longer than `overlapMs`, and so that a feed that goes on failing is told of again. */
const toldDays = 7;

export async function forgetTold(db: Kysely<Database>, now: Date): Promise<void> {
  await db
    .deleteFrom('notificationTold')
    .where('at', '<', new Date(now.getTime() - toldDays * 24 * 3600 * 1000))
    .execute();
}
