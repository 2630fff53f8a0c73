import type { TimelineEntry } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

interface Wish {
  readonly organizationId: string;
  readonly assetId: string;
  readonly before: Date | null;
  readonly limit: number;
  /** Whoever asks may see them. */
  readonly withDetections: boolean;
}

const shown = 20;

/** What happened to an asset, newest first, derived from its own history. */
export async function findTimeline(db: Kysely<Database>, wish: Wish): Promise<{ items: TimelineEntry[]; more: boolean }> {
  const parts = [
    await enrolled(db, wish),
    await packageChanges(db, wish),
    await factChanges(db, wish),
    wish.withDetections ? await detectionChanges(db, wish) : [],
  ];
  const all = parts.flat().toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : rank[a.kind] - rank[b.kind]));
  return { items: all.slice(0, wish.limit), more: all.length > wish.limit };
}

/** Of one moment: what was found follows from what was installed, and stands above it. */
const rank = { detections: 0, packages: 1, facts: 2, enrolled: 3 } as const;

async function enrolled(db: Kysely<Database>, { organizationId, assetId, before }: Wish): Promise<TimelineEntry[]> {
  const row = await db
    .selectFrom('asset')
    .select('firstSeen')
    .where('organizationId', '=', organizationId)
    .where('id', '=', assetId)
    .executeTakeFirst();
  return row && (before === null || row.firstSeen < before) ? [{ kind: 'enrolled', at: row.firstSeen.toISOString() }] : [];
}

/** One more than are shown, by which it is known that there are more. */
async function packageChanges(db: Kysely<Database>, { organizationId, assetId, before, limit }: Wish): Promise<TimelineEntry[]> {
  const { rows } = await sql<{ at: Date; collector: string; added: number[]; removed: number[] }>`
    select at, collector, added, removed from inventory_change
    where organization_id = ${organizationId} and asset_id = ${assetId} and collector <> 'posture'
      and ${before === null ? sql`true` : sql`at < ${before}`} and (added <> '{}' or removed <> '{}')
    order by at desc, change desc limit ${limit + 1}`.execute(db);
  const ids = new Set(rows.flatMap(({ added, removed }) => [...added.slice(0, shown), ...removed.slice(0, shown)]));
  const names = await namesOf(db, ids);
  const counted = (list: readonly number[]) => ({
    count: list.length,
    first: list.slice(0, shown).flatMap((id) => names.get(id) ?? []),
  });
  return rows.map(({ at, collector, added, removed }) => {
    return { kind: 'packages', at: at.toISOString(), collector, added: counted(added), removed: counted(removed) };
  });
}

async function namesOf(db: Kysely<Database>, ids: ReadonlySet<number>): Promise<ReadonlyMap<number, string>> {
  if (ids.size === 0) return new Map();
  const rows = await db
    .selectFrom('packageVersion')
    .select(['id', 'name', 'version'])
    .where('id', '=', sql<number>`any(${[...ids]}::integer[])`)
    .execute();
  return new Map(rows.map(({ id, name, version }) => [id, `${name} ${version}`]));
}

async function factChanges(db: Kysely<Database>, { organizationId, assetId, before, limit }: Wish): Promise<TimelineEntry[]> {
  const rows = await db
    .selectFrom('factChange')
    .select(['at', 'collector'])
    .where('organizationId', '=', organizationId)
    .where('assetId', '=', assetId)
    .$if(before !== null, (query) => query.where('at', '<', before))
    .orderBy('at', 'desc')
    .orderBy('collector')
    .limit(limit + 1)
    .execute();
  return rows.map(({ at, collector }) => ({ kind: 'facts', at: at.toISOString(), collector }));
}

/** Begins and ends of the stretches in which checks were true. */
async function detectionChanges(
  db: Kysely<Database>,
  { organizationId, assetId, before, limit }: Wish,
): Promise<TimelineEntry[]> {
  const { rows } = await sql<{
    at: Date;
    found: number;
    fixed: number;
    first: { check: number; name: string; found: boolean }[];
  }>`
    with stretch as (
      select verdict.check_number,
        unnest(range_agg(presence.during * tstzrange(verdict.from_at, verdict.until_at))) as part
      from presence join verdict using (package_version_id)
      where presence.organization_id = ${organizationId} and presence.asset_id = ${assetId}
      group by 1
    ), change as (
      select lower(part) as at, check_number, true as found from stretch
      union all
      select upper(part), check_number, false from stretch where upper(part) is not null
    ), ranked as (
      select at, found, check_number, row_number() over (partition by at, found order by check_number desc) as place
      from change where ${before === null ? sql`true` : sql`at < ${before}`}
    )
    select at, count(*) filter (where found)::integer as found, count(*) filter (where not found)::integer as fixed,
      json_agg(json_build_object('check', number, 'name', name, 'found', found) order by number desc) filter (where place <= ${shown}) as first
    from ranked join lateral (
      select number, name from knowledge_check where number = ranked.check_number order by valid_from desc limit 1
    ) as known on true
    group by at order by at desc limit ${limit + 1}`.execute(db);
  return rows.map(({ at, found, fixed, first }) => {
    const some = (isFound: boolean) => first.filter((one) => one.found === isFound).map(({ check, name }) => ({ check, name }));
    return {
      kind: 'detections',
      at: at.toISOString(),
      found: { count: found, first: some(true) },
      fixed: { count: fixed, first: some(false) },
    } as TimelineEntry; // check numbers are those of our own table
  });
}
