import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ChannelSettings, type Detection, type NotificationEvent, severityNames } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Context } from '../context.ts';
import { isBusyError } from '../db/database-error.ts';
import type { Database } from '../db/schema.ts';
import { findDetections } from '../detections/store.ts';
import type { Cursor } from '../fleet-index/cursor.ts';
import { lookAhead } from '../fleet-index/read-changes.ts';
import { ApiError } from '../http/api-error.ts';
import { resolveRule } from './resolve-rule.ts';
import { type ChangedDetection, changedDetections } from './changed-detections.ts';
import type { ToldEvent } from './message.ts';
import { forgetTold, type OtherEvent, otherEvents } from './other-events.ts';
import { movePosition, type Position, takePosition } from './position.ts';
import { forgetMessages, type RuleChannel, type RuleRow, writeEvents } from './write-messages.ts';

const lookMs = 10_000;
const pageSize = 500;
const keepMs = 30 * 24 * 3600 * 1000;
/** A flood is told in one transaction, which may take as long as an import of knowledge. */
const statementTimeoutMs = 600_000;

interface ActiveRule {
  readonly row: RuleRow;
  readonly channels: readonly RuleChannel[];
  readonly where: RawBuilder<boolean>;
  /** Null where all assets are meant. */
  readonly assets: ReadonlySet<number> | null;
}

/**
 * Looks what came and went since the last look and writes what rules say of it into the messages that wait, in the transaction that moves
 * the position: whoever is killed in between, nothing is lost and nothing written twice. Several processes may run it: one looks.
 */
export class Notifier implements AsyncDisposable {
  readonly #context: Pick<Context, 'db' | 'fleetIndex' | 'config' | 'clock' | 'log'>;
  readonly #onWritten: () => void;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(context: Pick<Context, 'db' | 'fleetIndex' | 'config' | 'clock' | 'log'>, onWritten: () => void = () => undefined) {
    this.#context = context;
    this.#onWritten = onWritten;
  }

  start(): void {
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Looks once. Throws what the database throws, and ApiError UNAVAILABLE while the fleet index is built. */
  async look(): Promise<void> {
    const { db, clock } = this.#context;
    await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (tx) => {
        await sql`select set_config('statement_timeout', ${String(statementTimeoutMs)}, true)`.execute(tx);
        const now = clock();
        const position = await takePosition(tx, now);
        if (!position) return;
        const { cursor, news } = await lookAhead(tx, position);
        const isChanged = Object.values(news).some(Boolean);
        const listed = await checksThatAreExploitedNow(tx, { since: position.knowledge, until: cursor.knowledge });
        for (const [organizationId, rows] of await loadRules(tx)) {
          await this.#tell(tx, { organizationId, rows, position, until: cursor, now, isChanged, listed });
        }
        await movePosition(tx, { ...cursor, lookedAt: now, begunAt: position.begunAt });
      });
    this.#onWritten();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const begin = performance.now();
      try {
        await this.look();
        const now = this.#context.clock();
        await forgetTold(this.#context.db, now);
        await forgetMessages(this.#context.db, new Date(now.getTime() - keepMs));
      } catch (error) {
        const isUsual = isBusyError(error) || (error instanceof ApiError && error.code === 'UNAVAILABLE');
        if (!signal.aborted && !isUsual) this.#context.log.error({ err: error }, 'what happened could not be told yet');
      }
      // What takes long is done less often.
      await delay(Math.max(lookMs, (performance.now() - begin) * 5), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #tell(tx: Kysely<Database>, look: Look): Promise<void> {
    const { organizationId, position, now, isChanged, listed } = look;
    const rules: ActiveRule[] = [];
    for (const { row, channels } of look.rows) {
      const resolved = await resolveRule(this.#context, row, now).catch((error: unknown) => {
        // A query that is understood no more, for a tag is gone: the others go on.
        if (error instanceof ApiError && error.code === 'BAD_REQUEST') return null;
        throw error;
      });
      if (resolved) rules.push({ row, channels, ...resolved });
    }
    await this.#tellOthers(
      tx,
      rules,
      await otherEvents(tx, { organizationId, position, now, silence: this.#context.config.silence }),
    );
    if (!isChanged || !rules.some(({ row }) => row.events.some((event) => event.startsWith('detection.')))) return;
    const index = await this.#context.fleetIndex.current(organizationId);
    const asOf = new Date(index.momentFor(now.getTime()));
    for await (const changed of changedDetections(tx, { organizationId, since: position, until: look.until }, index)) {
      for (const rule of rules) await tellChanged(tx, rule, { changed, asOf, now });
    }
    for (const check of listed) {
      for (const rule of rules) await tellListed(tx, rule, { check, since: position.lookedAt, asOf, now });
    }
  }

  async #tellOthers(tx: Kysely<Database>, rules: readonly ActiveRule[], events: readonly OtherEvent[]): Promise<void> {
    const now = this.#context.clock();
    for (const { row, channels, assets } of rules) {
      const told = events
        .filter(({ event, asset }) => row.events.includes(event) && (asset === null || assets === null || assets.has(asset)))
        .map(({ event, at, text, detail, key }) => ({
          id: idOf(row, key),
          event,
          at: at.toISOString(),
          text,
          ...(detail ? { detail } : {}),
        }));
      await writeEvents(tx, { rule: row, channels, events: told, now });
    }
  }
}

interface Look {
  readonly organizationId: string;
  readonly rows: readonly { readonly row: RuleRow; readonly channels: readonly RuleChannel[] }[];
  readonly position: Position;
  /** Up to where it is told now. */
  readonly until: Cursor;
  readonly now: Date;
  readonly isChanged: boolean;
  readonly listed: readonly number[];
}

/** Rules that hold, by organization, with those of their channels that are in use. */
async function loadRules(tx: Kysely<Database>): Promise<Map<string, Look['rows']>> {
  const rows = await tx.selectFrom('notificationRule').selectAll().where('enabled', '=', true).orderBy('id').execute();
  const channels = await tx.selectFrom('notificationChannel').select(['id', 'settings']).where('enabled', '=', true).execute();
  const known = new Map(channels.map(({ id, settings }) => [id, isDigest(settings)]));
  const used = rows.flatMap((row) => {
    const own = row.channelIds.flatMap((id) => {
      const digest = known.get(id);
      return digest === undefined ? [] : [{ id, isDigest: digest }];
    });
    return own.length === 0 ? [] : [{ row, channels: own }];
  });
  return Map.groupBy(used, ({ row }) => row.organizationId);
}

function isDigest(settings: unknown): boolean {
  const { kind } = ChannelSettings.parse(settings);
  return kind === 'email' || kind === 'slack';
}

/** Checks that CISA lists since a later knowledge version, and did not before. */
async function checksThatAreExploitedNow(
  tx: Kysely<Database>,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<number[]> {
  const { rows } = await sql<{ number: number }>`
    select distinct number from knowledge_check as newer
    where valid_from > ${since} and valid_from <= ${until} and body ->> 'kevSince' is not null and not exists (
      select from knowledge_check as older
      where older.number = newer.number and older.valid_from <= ${since} and (older.valid_until is null or older.valid_until > ${since})
        and older.body ->> 'kevSince' is not null)
    order by number`.execute(tx);
  return rows.map(({ number }) => number);
}

async function tellChanged(
  tx: Kysely<Database>,
  rule: ActiveRule,
  { changed, asOf, now }: { changed: readonly ChangedDetection[]; asOf: Date; now: Date },
): Promise<void> {
  const { organizationId } = rule.row;
  for (let from = 0; from < changed.length; from += pageSize) {
    const among = changed.slice(from, from + pageSize);
    const wish = { organizationId, among, asOf, status: 'all' as const, limit: among.length, offset: 0 };
    const { items } = await findDetections(tx, { ...wish, where: rule.where });
    const events = items.flatMap((detection) => {
      const event = eventOf(detection, rule.row.events);
      return event ? [told(rule.row, event, detection)] : [];
    });
    await writeEvents(tx, { rule: rule.row, channels: rule.channels, events, now });
  }
}

/** What a rule calls the change; null for what it does not want. */
function eventOf({ status, kevSince, confidence }: Detection, wanted: readonly NotificationEvent[]): NotificationEvent | null {
  const event = status === 'fixed' ? 'detection.fixed' : status === 'reopened' ? 'detection.reopened' : 'detection.new';
  if (wanted.includes(event)) return event;
  const isExploited = status !== 'fixed' && kevSince !== null && confidence === 'confirmed';
  return isExploited && wanted.includes('detection.known-exploited') ? 'detection.known-exploited' : null;
}

/** Detections that were open before their check was listed; those that came since are told as such. */
async function tellListed(
  tx: Kysely<Database>,
  rule: ActiveRule,
  { check, since, asOf, now }: { check: number; since: Date; asOf: Date; now: Date },
): Promise<void> {
  const { organizationId, events: wanted } = rule.row;
  if (!wanted.includes('detection.known-exploited')) return;
  const where = sql<boolean>`(${rule.where} and confirmed and found_again <= ${since})`;
  for (let offset = 0; ; offset += pageSize) {
    const wish = { organizationId, check, asOf, status: 'open' as const, limit: pageSize, offset };
    const { items } = await findDetections(tx, { ...wish, where });
    const events = items.map((detection) => told(rule.row, 'detection.known-exploited', detection));
    await writeEvents(tx, { rule: rule.row, channels: rule.channels, events, now });
    if (items.length < pageSize) return;
  }
}

function told(rule: RuleRow, event: NotificationEvent, detection: Detection): ToldEvent {
  const { assetId, check, status, firstFound, fixedAt, kevSince } = detection;
  const at = status === 'fixed' ? (fixedAt ?? detection.lastFound) : status === 'reopened' ? detection.lastFound : firstFound;
  const key = [event, assetId, check, event === 'detection.known-exploited' ? kevSince : at].join(' ');
  return { id: idOf(rule, key), event, at, text: sentence(event, detection), detection };
}

function sentence(event: NotificationEvent, { hostname, name, title, severity, packages }: Detection): string {
  const what = `${severityNames[severity]} ${title ?? name}`;
  const [first] = packages;
  const where = first ? ` (${first.name} ${first.installed}${first.fixed === null ? '' : `, fixed in ${first.fixed}`})` : '';
  return `${words[event] ?? event}: ${hostname}: ${what}${where}`.replaceAll(/\p{Cc}+/gu, ' ');
}

const words: Partial<Record<NotificationEvent, string>> = {
  'detection.new': 'New',
  'detection.reopened': 'Reopened',
  'detection.fixed': 'Fixed',
  'detection.known-exploited': 'Exploited in the wild',
};

/** The same for the same event of the same rule, for receivers that want to take each once. */
function idOf({ id }: RuleRow, key: string): string {
  return createHash('sha256').update(`${id} ${key}`).digest('hex').slice(0, 32);
}
