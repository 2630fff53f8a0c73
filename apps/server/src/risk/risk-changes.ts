import { type AssetContext, riskScore, riskWeight } from '@vedette/matching';
import type { RiskCause } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import type { Excepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { PastMoment } from '../fleet-index/past-moment.ts';
import type { IndexedCheck, RankedCheck } from '../fleet-index/verdict-book.ts';
import type { AssetContexts } from './asset-contexts.ts';
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
  later.dispose();
  const moved = new Set<number>();
  index.log.forEachMany(past.moment, ({ place }) => void moved.add(place));
  index.log.forEachRun(past.moment, ({ place }) => void moved.add(place));
  // What did not move was found on the same assets as all that is about the same package versions.
  const unmoved = new Map<number, Measures>();
  for (const ranked of index.book.ranking) {
    const { place, confirmed, check } = ranked;
    if (!index.checks[place]) continue;
    const isOwn = moved.has(place) || index.excepted.byPlace.has(place) || past.excepted.byPlace.has(place);
    const likeness = 2 * index.book.subjectOf(place) + Number(confirmed);
    const known = isOwn ? undefined : unmoved.get(likeness);
    const on = known ?? measure(index, { moment, ranked, excepted: past.excepted, now: contexts, past: past.contexts });
    if (!isOwn) unmoved.set(likeness, on);
    const old = past.checks.get(check.number) ?? check;
    const add = (cause: RiskCause, weight: number, { size }: Measure): void => {
      if (weight !== 0) changes.push({ ranked, cause, weight, detections: size });
    };
    const [weigh, weighOld] = [weigher(check, confirmed), weigher(old, confirmed)];
    before += weighOld(on.past);
    now += weigh(on.now);
    add('found', weigh(on.found), on.found);
    add('gone', -weighOld(on.gone), on.gone);
    add('exception-over', weigh(on.over), on.over);
    add('excepted', -weighOld(on.excepted), on.excepted);
    const knownWeight = weigh(on.bothThen);
    add('knowledge', knownWeight - weighOld(on.bothThen), on.bothThen);
    add('tags', weigh(on.bothNow) - knownWeight, on.bothNow);
  }
  moment.dispose();
  return { changes, before, now, assetsThen };
}

/** How many assets there are, and of each class of them that there is. */
interface Measure {
  readonly size: number;
  readonly counts: readonly { readonly context: AssetContext; readonly count: number }[];
}

type Measures = Readonly<Record<'past' | 'now' | 'found' | 'gone' | 'over' | 'excepted' | 'bothThen' | 'bothNow', Measure>>;

interface Wish {
  readonly moment: PastMoment;
  readonly ranked: RankedCheck;
  readonly excepted: Excepted;
  /** Classes of assets, now and then. */
  readonly now: AssetContexts;
  readonly past: AssetContexts;
}

function measure(index: OrganizationIndex, { moment, ranked, excepted, now, past }: Wish): Measures {
  using stretch = new Stretch(index, moment, { ranked, excepted });
  return {
    past: measureOn(stretch.past, past),
    now: measureOn(stretch.now, now),
    found: measureOn(stretch.found, now),
    gone: measureOn(stretch.gone, past),
    over: measureOn(stretch.over, now),
    excepted: measureOn(stretch.excepted, past),
    bothThen: measureOn(stretch.both, past),
    bothNow: measureOn(stretch.both, now),
  };
}

function measureOn(on: RoaringBitmap32, { classes }: AssetContexts): Measure {
  const { size } = on;
  if (size === 0) return { size, counts: [] };
  return { size, counts: classes.map(({ context, assets }) => ({ context, count: assets ? on.andCardinality(assets) : size })) };
}

/** Says what a check weighs on assets. */
function weigher(check: IndexedCheck, confirmed: boolean): (on: Measure) => number {
  const risk = toCheckRisk(check);
  return ({ counts }) =>
    counts.reduce((sum, { context, count }) => sum + count * riskWeight(riskScore(risk, confirmed, context)), 0);
}

/** Where a check was open then and is now, without what exceptions cover, taken apart. */
class Stretch implements Disposable {
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
    if (confirmed && !then.information.isEmpty) wasOpen.andNotInPlace(then.information);
    const found = index.checks[place];
    const isOpen = new RoaringBitmap32((confirmed ? found?.open : found?.information) ?? []);
    if (confirmed && found?.information) isOpen.andNotInPlace(found.information);
    const covered = excepted.byPlace.get(place);
    const isDecided = covered !== undefined || index.excepted.byPlace.has(place);
    this.now = isDecided ? openNow(index, { place, confirmed }) : new RoaringBitmap32(isOpen);
    this.past = covered ? RoaringBitmap32.andNot(wasOpen, covered) : new RoaringBitmap32(wasOpen);
    this.found = RoaringBitmap32.andNot(this.now, wasOpen);
    this.gone = RoaringBitmap32.andNot(this.past, isOpen);
    this.both = this.gone.isEmpty && !isDecided ? new RoaringBitmap32(this.past) : RoaringBitmap32.and(this.past, this.now);
    this.over = isDecided ? RoaringBitmap32.and(this.now, wasOpen) : new RoaringBitmap32();
    this.excepted = isDecided ? RoaringBitmap32.and(this.past, isOpen) : new RoaringBitmap32();
    if (isDecided) {
      this.over.andNotInPlace(this.past);
      this.excepted.andNotInPlace(this.now);
    }
    for (const bitmap of [wasOpen, isOpen, then.open, then.information]) bitmap.dispose();
  }

  [Symbol.dispose](): void {
    for (const bitmap of [this.past, this.now, this.found, this.gone, this.over, this.excepted, this.both]) bitmap.dispose();
  }
}
