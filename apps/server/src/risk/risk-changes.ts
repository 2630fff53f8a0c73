import { riskScore, riskWeight, usualContext } from '@vedette/matching';
import type { RiskCause } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import type { Excepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { PastMoment } from '../fleet-index/past-moment.ts';
import type { IndexedCheck, RankedCheck } from '../fleet-index/verdict-book.ts';
import { type AssetContexts, usualContexts } from './asset-contexts.ts';
import { openNow, toCheckRisk } from './fleet-risk.ts';

export interface Change {
  readonly ranked: RankedCheck;
  readonly cause: RiskCause;
  readonly weight: number;
  readonly detections: number;
}

export interface RiskChanges {
  readonly changes: readonly Change[];
  /** Sum of the weights of all that was open then, and that is now. */
  readonly before: number;
  readonly now: number;
  /** How many assets there were. */
  readonly assetsThen: number;
}

/** What held at the moment with which is compared. */
export interface Past {
  readonly moment: number;
  readonly contexts: AssetContexts;
  /** What exceptions of then covered of what was open then. */
  readonly excepted: Excepted;
  /** Older forms of the checks that knowledge changed since, by number. */
  readonly checks: ReadonlyMap<number, IndexedCheck>;
}

/** The forms that checks had at a moment, of those that have another one now. */
export async function readOldChecks(db: Kysely<Database>, moment: Date): Promise<Map<number, IndexedCheck>> {
  const { rows } = await sql<IndexedCheck>`
    with known as (select coalesce(max(version), 0) as version from knowledge_version where imported_at <= ${moment})
    select distinct on (number) number, name, severity, body ->> 'kevSince' is not null as exploited,
      (body #>> '{epss,score}')::float8 as epss,
      (select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss) as cvss
    from knowledge_check, known
    where valid_from <= known.version
      and number in (select number from knowledge_check as newer, known where newer.valid_from > known.version)
    order by number, valid_from desc`.execute(db);
  return new Map(rows.map((row) => [row.number, row]));
}

/**
 * Takes apart by what the risk of a fleet moved since a moment within the index's window. The parts add up to the difference: what came
 * and went, what exceptions took out or gave back, and of what was there all the time first what knowledge says of it, then what tags do.
 */
export function riskChanges(index: OrganizationIndex, contexts: AssetContexts, past: Past): RiskChanges {
  const moment = new PastMoment(index, past.moment);
  const changes: Change[] = [];
  let [before, now] = [0, 0];
  const later = index.table.bornSince(past.moment + 1);
  const assetsThen = index.table.assets.length - later.size;
  const isDecided = [past.excepted, index.excepted].some(({ byPlace }) => byPlace.size > 0);
  const isUsual = contexts === usualContexts && past.contexts === usualContexts;
  const isStill = isUsual && !isDecided && later.isEmpty;
  later.dispose();
  const moved = new Set<number>();
  index.log.forEachMany(past.moment, ({ place }) => void moved.add(place));
  index.log.forEachRun(past.moment, ({ place }) => void moved.add(place));
  for (const ranked of index.book.ranking) {
    if (!index.checks[ranked.place]) continue;
    if (isStill && !moved.has(ranked.place) && !past.checks.has(ranked.check.number)) {
      // Of tens of thousands of checks most have not moved: they are counted, without a bitmap.
      const weight = riskWeight(riskScore(toCheckRisk(ranked.check), ranked.confirmed, usualContext));
      const all = weight * index.countOpen(ranked.place, ranked.confirmed);
      before += all;
      now += all;
      continue;
    }
    const stretch = new Stretch(index, moment, { ranked, excepted: past.excepted });
    const old = past.checks.get(ranked.check.number) ?? ranked.check;
    const weigh = (check: IndexedCheck, by: AssetContexts, on: RoaringBitmap32) => weightBy(check, ranked.confirmed, { by, on });
    const add = (cause: RiskCause, weight: number, on: RoaringBitmap32): void => {
      if (weight !== 0) changes.push({ ranked, cause, weight, detections: on.size });
    };
    before += weigh(old, past.contexts, stretch.past);
    now += weigh(ranked.check, contexts, stretch.now);
    add('found', weigh(ranked.check, contexts, stretch.found), stretch.found);
    add('gone', -weigh(old, past.contexts, stretch.gone), stretch.gone);
    add('exception-over', weigh(ranked.check, contexts, stretch.over), stretch.over);
    add('excepted', -weigh(old, past.contexts, stretch.excepted), stretch.excepted);
    const known = weigh(ranked.check, past.contexts, stretch.both);
    add('knowledge', known - weigh(old, past.contexts, stretch.both), stretch.both);
    add('tags', weigh(ranked.check, contexts, stretch.both) - known, stretch.both);
    stretch.dispose();
  }
  moment.dispose();
  return { changes, before, now, assetsThen };
}

function weightBy(check: IndexedCheck, confirmed: boolean, { by, on }: { by: AssetContexts; on: RoaringBitmap32 }): number {
  if (on.isEmpty) return 0;
  return by.classes.reduce((sum, { context, assets }) => {
    const count = assets ? on.andCardinality(assets) : on.size;
    return sum + count * riskWeight(riskScore(toCheckRisk(check), confirmed, context));
  }, 0);
}

/** Where a check was open then and is now, without what exceptions cover, taken apart. */
class Stretch {
  readonly past: RoaringBitmap32;
  readonly now: RoaringBitmap32;
  readonly found: RoaringBitmap32;
  readonly gone: RoaringBitmap32;
  /** Open all the time: an exception covered it then, or covers it now. */
  readonly over: RoaringBitmap32;
  readonly excepted: RoaringBitmap32;
  readonly both: RoaringBitmap32;

  constructor(
    index: OrganizationIndex,
    before: PastMoment,
    { ranked: { place, confirmed }, excepted }: { readonly ranked: RankedCheck; readonly excepted: Excepted },
  ) {
    const then = before.found(place);
    const wasOpen = new RoaringBitmap32(confirmed ? then.open : then.information);
    if (confirmed) wasOpen.andNotInPlace(then.information);
    const found = index.checks[place];
    const isOpen = new RoaringBitmap32((confirmed ? found?.open : found?.information) ?? []);
    if (confirmed && found?.information) isOpen.andNotInPlace(found.information);
    this.now = openNow(index, { place, confirmed });
    this.past = RoaringBitmap32.andNot(wasOpen, excepted.byPlace.get(place) ?? nothing);
    this.found = RoaringBitmap32.andNot(this.now, wasOpen);
    this.gone = RoaringBitmap32.andNot(this.past, isOpen);
    this.both = RoaringBitmap32.and(this.past, this.now);
    this.over = RoaringBitmap32.and(this.now, wasOpen);
    this.over.andNotInPlace(this.past);
    this.excepted = RoaringBitmap32.and(this.past, isOpen);
    this.excepted.andNotInPlace(this.now);
    for (const bitmap of [wasOpen, isOpen, then.open, then.information]) bitmap.dispose();
  }

  dispose(): void {
    for (const bitmap of [this.past, this.now, this.found, this.gone, this.over, this.excepted, this.both]) bitmap.dispose();
  }
}

const nothing = new RoaringBitmap32();
