import { type CheckIn, facts } from '@vedette/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { packageCollectors } from '../inventory/release.ts';
import type { KnownAgent } from './store.ts';

type State = Pick<Selectable<Database['collectorState']>, 'collector' | 'sequence' | 'digest' | 'status' | 'problem'>;
type Reported = CheckIn['collectors'][number];

/** One agent's report, and when it came. */
export interface Report {
  readonly agent: KnownAgent;
  readonly document: CheckIn;
  readonly at: Date;
}

/** What the database says of a report. */
export interface Compared {
  /** Collectors whose whole state is wanted. */
  readonly resend: string[];
  /** The packages were looked at and are those we know, which is an assessment. */
  readonly scanned: boolean;
}

/**
 * Compares the digests of agents with ours, all at once: equal digests prove equal rows. Where they differ, or we have nothing, the
 * agent is asked for that collector's whole state. At most one report of an agent; the answers in the order of the reports.
 */
export async function compareReports(db: Kysely<Database>, reports: readonly Report[]): Promise<Compared[]> {
  const { rows } = await sql<State & { assetId: string }>`
    select asset_id, collector, sequence, digest, status, problem from collector_state
    join unnest(
      ${reports.map(({ agent }) => agent.organizationId)}::uuid[], ${reports.map(({ agent }) => agent.assetId)}::uuid[]
    ) as wanted (organization_id, asset_id) using (organization_id, asset_id)`.execute(db);
  const states = Map.groupBy(rows, ({ assetId }) => assetId);
  const notes: Note[] = [];
  const compared = reports.map(({ agent, document, at }) => {
    const byName = new Map(states.get(agent.assetId)?.map((state) => [state.collector, state]));
    notes.push(...document.collectors.flatMap((reported) => noteOf(agent, { reported, known: byName.get(reported.name), at })));
    const resend = document.collectors.filter((reported) => differs(reported, byName.get(reported.name))).map(({ name }) => name);
    const packages = document.collectors.filter(({ name }) => packageCollectors.includes(name));
    const scanned = packages.length > 0 && packages.every((each) => isConfirmed(each) && !resend.includes(each.name));
    return { resend, scanned };
  });
  await saveNotes(db, notes);
  return compared;
}

/** Sequence 0: the agent has never had an answer for it and will send it by itself. */
function differs({ sequence, digest }: Reported, state: State | undefined): boolean {
  return sequence > 0 && (state?.digest !== digest || state.sequence !== sequence);
}

/** A collector that failed repeats the digest of its last success, which proves nothing of now. */
export function isConfirmed({ sequence, status }: Reported): boolean {
  return sequence > 0 && (status === 'complete' || status === 'partial');
}

/** What a collector says of itself, where that is news. */
interface Note {
  readonly organization_id: string;
  readonly asset_id: string;
  readonly collector: string;
  readonly status: string;
  readonly problem: string | null;
  readonly at: Date;
}

/** A collector that fails sends no rows, so only here does the platform learn of it. */
function noteOf(
  { organizationId, assetId }: KnownAgent,
  { reported, known, at }: { reported: Reported; known: State | undefined; at: Date },
): Note[] {
  const { name: collector, status, problem = null } = reported;
  // Names that we do not know are the sender's invention, and could be as many as it likes.
  if (!Object.hasOwn(facts, collector) || (known?.status === status && known.problem === problem)) return [];
  return [{ organization_id: organizationId, asset_id: assetId, collector, status, problem, at }];
}

async function saveNotes(db: Kysely<Database>, notes: readonly Note[]): Promise<void> {
  if (notes.length === 0) return;
  // In one order whoever writes them; of names that a report repeats the last one counts.
  const byKey = new Map(notes.map((note) => [`${note.asset_id} ${note.collector}`, note]));
  const ordered = [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, note]) => note);
  await sql`
    insert into collector_state as state
      (organization_id, asset_id, collector, version, sequence, digest, status, row_count, last_bytes, snapshot_bytes, problem, changed_at)
    select organization_id, asset_id, collector, 0, 0, repeat('0', 64), status, 0, 0, 0, problem, at
    from json_to_recordset(${JSON.stringify(ordered)}::json) as note (
      organization_id uuid, asset_id uuid, collector text, status text, problem text, at timestamptz)
    on conflict (organization_id, asset_id, collector) do update set status = excluded.status, problem = excluded.problem`.execute(
    db,
  );
}
