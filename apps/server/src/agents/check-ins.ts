import { createHash } from 'node:crypto';
import type { CheckIn, CheckInReply } from '@vedette/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { currentWriter } from '../db/current-writer.ts';
import { inParts } from '../knowledge/in-parts.ts';
import { tryLockAssets } from '../inventory/asset-ref.ts';
import { packageCollectors } from '../inventory/release.ts';
import { type Compared, compareReports, isConfirmed, type Report } from './check-in.ts';
import { Gathering } from './gathering.ts';
import { schedule } from './schedule.ts';
import type { KnownAgent } from './store.ts';

/** How far a killed server may forget when an agent was last heard of. */
const flushMs = 30_000;
/** Each asset takes a lock of the few thousand that PostgreSQL has room for. */
const maxAtOnce = 1000;
/** After so long a report is compared with the database again, whatever was confirmed: another server may have taken documents since. */
const confirmedMs = 4 * 3600_000;
const maxConfirmed = 250_000;

interface Seen {
  readonly agent: KnownAgent;
  readonly at: Date;
  /** The packages were looked at and are those we know, which is an assessment. */
  readonly scanned: boolean;
  readonly consumption: CheckIn['consumption'];
  readonly watching: CheckIn['watching'];
  readonly settings: CheckIn['settings'];
  /** Null where it is known to be the one that is stored, and `settings` with it. */
  readonly version: string | null;
}

/**
 * Check-ins that say nothing new do not touch the database: the same report was compared with it before. Reports are compared, and that
 * their agents were heard of is written, for many agents at once.
 */
export class CheckIns implements AsyncDisposable {
  readonly #context: Context;
  /** Hash of the report that the database was found to agree with, by agent. */
  readonly #confirmed = new Map<string, { readonly report: string; readonly until: number }>();
  readonly #compared = new Gathering((reports: readonly Report[]) => this.#compare(reports));
  #seen = new Map<string, Seen>();
  /** Ends when all that was to be written so far is. */
  #written: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor(context: Context) {
    this.#context = context;
  }

  async take(agent: KnownAgent, document: CheckIn): Promise<CheckInReply> {
    const at = this.#context.clock();
    const report = hashReport(document);
    const confirmed = this.#confirmed.get(agent.id);
    if (confirmed?.report === report && confirmed.until > at.getTime()) {
      const packages = document.collectors.filter(({ name }) => packageCollectors.includes(name));
      const scanned = packages.length > 0 && packages.every(isConfirmed);
      this.#seen.set(agent.id, {
        agent,
        at,
        scanned,
        consumption: document.consumption,
        watching: document.watching,
        settings: document.settings,
        version: null,
      });
      this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref();
      return { resend: [], schedule };
    }
    this.#confirmed.delete(agent.id);
    const { resend } = await this.#compared.ask({ agent, document, at });
    if (this.#confirmed.size >= maxConfirmed) this.#confirmed.clear();
    if (resend.length === 0) this.#confirmed.set(agent.id, { report, until: at.getTime() + confirmedMs });
    return { resend, schedule };
  }

  async #compare(reports: readonly Report[]): Promise<readonly Compared[]> {
    const compared = await compareReports(this.#context.db, reports);
    await this.#write(
      reports.map(({ agent, document: { consumption, watching, settings, agentVersion: version }, at }, index) => {
        return { agent, at, scanned: compared[index]?.scanned ?? false, consumption, watching, settings, version };
      }),
    );
    return compared;
  }

  /** Documents of this agent were taken: what was confirmed before holds no more. */
  forget(agentId: string): void {
    this.#confirmed.delete(agentId);
  }

  /**
   * Writes who was heard of. Never throws and waits for no documents: what cannot be written now, also because documents of the asset are
   * being stored, is kept for the next time, unless the agent comes sooner.
   */
  async flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const seen = this.#seen;
    this.#seen = new Map();
    for (const part of inParts([...seen.values()], maxAtOnce)) {
      try {
        await this.#write(part);
      } catch (error) {
        this.#context.log.warn({ err: error, agents: part.length }, 'when agents were last heard of could not be written yet');
        this.#keep(part);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** One after the other: two that meet the same agents in another order would wait for each other. */
  #write(seen: readonly Seen[]): Promise<void> {
    const written = this.#written.then(() => this.#writeNow(seen));
    this.#written = written.catch(() => undefined);
    return written;
  }

  async #writeNow(seen: readonly Seen[]): Promise<void> {
    const { db } = this.#context;
    await db.transaction().execute(async (tx) => {
      const writtenBy = await currentWriter(tx);
      await sql`
        update agent set last_check_in = seen.at, consumption = seen.consumption, watching = seen.watching,
          version = coalesce(seen.version, agent.version),
          settings = case when seen.version is null then agent.settings else seen.settings end,
          written_by = case when agent.last_check_in is null or agent.version <> seen.version then seen.written_by else agent.written_by end
        from json_to_recordset(${rowsOf(seen.map((each) => ({ ...each, written_by: writtenBy })))}::json) as seen (
          organization_id uuid, asset_id uuid, id uuid, at timestamptz, consumption jsonb, watching jsonb, settings jsonb, version text,
          written_by xid8)
        where agent.organization_id = seen.organization_id and agent.asset_id = seen.asset_id and agent.id = seen.id
          and (agent.last_check_in is null or agent.last_check_in <= seen.at)`.execute(tx);
    });
    const busy = await db.transaction().execute(async (tx) => {
      const assets = seen.map(({ agent }) => agent);
      const free = await tryLockAssets(tx, assets);
      await sql`
        update asset set
          last_seen = greatest(asset.last_seen, seen.at),
          last_scan = case when seen.scanned then greatest(asset.last_scan, seen.at) else asset.last_scan end
        from json_to_recordset(${rowsOf(seen.filter(({ agent }) => free.has(agent.assetId)))}::json) as seen (
          organization_id uuid, asset_id uuid, at timestamptz, scanned boolean)
        where asset.organization_id = seen.organization_id and asset.id = seen.asset_id`.execute(tx);
      return seen.filter(({ agent }) => !free.has(agent.assetId));
    });
    // What is new of the agents themselves was written: only the times of their assets are left.
    this.#keep(busy.map((each) => ({ ...each, version: null })));
  }

  /** For the next time, unless the agent came again meanwhile. */
  #keep(seen: readonly Seen[]): void {
    if (seen.length === 0) return;
    for (const each of seen) if (!this.#seen.has(each.agent.id)) this.#seen.set(each.agent.id, each);
    this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref();
  }
}

/** For json_to_recordset. */
function rowsOf(seen: readonly Seen[]): string {
  return JSON.stringify(
    seen.map(({ agent: { organizationId, assetId, id }, ...rest }) => {
      return { organization_id: organizationId, asset_id: assetId, id, ...rest };
    }),
  );
}

/** Everything of a check-in that the database holds beside times and consumption. */
function hashReport({ agentVersion, collectors, settings }: CheckIn): string {
  return createHash('sha256')
    .update(JSON.stringify([agentVersion, collectors, settings]))
    .digest('base64');
}
