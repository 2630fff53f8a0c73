import type { HealthGate, Rollout, RolloutProgress } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { gateOf, ringsOf, type RolloutRow } from './wishes-store.ts';

export type Progress = Rollout['progress'];

/** Counts what the agents that shall have a roll-out's version report of it. */
export async function readProgress(db: Kysely<Database>, row: RolloutRow, now: Date): Promise<Progress> {
  const counted = await sql<Record<keyof Progress, number>>`
    select count(*)::int as "targeted",
      count(*) filter (where progress = 'pending')::int as "pending",
      count(*) filter (where progress = 'waiting')::int as "waiting",
      count(*) filter (where progress = 'upgrading')::int as "upgrading",
      count(*) filter (where progress = 'done')::int as "done",
      count(*) filter (where progress = 'failed')::int as "failed",
      count(*) filter (where progress = 'rolledBack')::int as "rolledBack",
      count(*) filter (where progress = 'lost')::int as "lost",
      count(*) filter (where is_about and reason = 'budget')::int as "overBudget"
    from (${judgedAgents(row, now)}) as judged`.execute(db);
  const [progress] = counted.rows;
  if (!progress) throw new Error('counting gave no row');
  return progress;
}

/**
 * How far each agent is that shall have a roll-out's version: `asset_id` and `progress`. Content is taken at once, so that an agent has it,
 * could not take it, or was not heard of. Agents that were told and have not been heard of since are lost.
 */
export function judgedAgents(row: RolloutRow, now: Date) {
  const lostBefore = new Date(now.getTime() - gateOf(row).lostAfterSeconds * 1000);
  const { organizationId, version, subject } = row;
  const isCode = subject === 'agent';
  const done = isCode
    ? sql`u.version = ${version} and not (u.target is not distinct from ${version} and u.state in ('staged', 'probation'))`
    : sql`u.report -> 'content' ->> ${subject} = ${version}`;
  const problem = isCode ? sql`false` : sql`u.report -> 'contentProblems' -> ${subject} ->> 'version' = ${version}`;
  const wanted = isCode ? sql`u.desired = ${version}` : sql`true`;
  return sql<{ assetId: string; progress: RolloutProgress }>`
    select *,
      case
        when is_about and state = 'rolled-back' then 'rolledBack'
        when has_problem or (is_about and state = 'failed') then 'failed'
        when is_done then 'done'
        when ${wanted} and last_check_in < ${lostBefore} and desired_at < ${lostBefore} then 'lost'
        when is_about and state in ('downloading', 'staged', 'probation') then 'upgrading'
        when is_about and state = 'waiting' then 'waiting'
        else 'pending'
      end as progress
    from (
      select u.*, a.last_check_in,
        (${done}) as is_done, coalesce(${problem}, false) as has_problem,
        u.target is not distinct from ${isCode ? version : null}::text and ${isCode} as is_about
      from agent_upgrade u
      join (
        select organization_id, asset_id, max(last_check_in) as last_check_in from agent
        where organization_id = ${organizationId} group by 1, 2
      ) a using (organization_id, asset_id)
      where u.organization_id = ${organizationId}
    ) as u where ${wanted} or is_done or is_about`;
}

/** What is wrong with a roll-out, as a sentence; null when it is healthy. A single failure among few agents is enough. */
export function breachOf(progress: Progress, gate: HealthGate): string | null {
  const tried = progress.done + progress.failed + progress.rolledBack + progress.lost;
  if (tried === 0) return null;
  const rules = [
    ['failed or rolled back', progress.failed + progress.rolledBack, gate.maxFailedShare],
    ['are above their budget', progress.overBudget, gate.maxOverBudgetShare],
    ['have not checked in since', progress.lost, gate.maxLostShare],
  ] as const;
  const broken = rules.find(([, count, share]) => count > 0 && count / tried > share);
  return broken ? `${broken[1]} of ${tried} agents ${broken[0]}` : null;
}

/** The roll-out as the API shows it. */
export function toRollout(row: RolloutRow & { readonly login: string | null }, progress: Progress): Rollout {
  return {
    rolloutId: row.id,
    subject: row.subject,
    version: row.version,
    previous: row.previous,
    state: row.state,
    rings: ringsOf(row),
    ring: row.ring,
    gate: gateOf(row),
    reason: row.reason,
    startedAt: row.startedAt.toISOString(),
    startedBy: row.login ?? '',
    changedAt: row.changedAt.toISOString(),
    progress,
  };
}
