import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import { derivedDetections } from '../detections/derive.ts';
import { inParts } from '../knowledge/in-parts.ts';
import type { BornAssets } from './born-assets.ts';
import { type Gone, nothingGone } from './check-detections.ts';
import type { FoundState } from './detection-history.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { BulkTransition, TransitionLog } from './transition-log.ts';

/** Looked up in the histories at a time. */
const pairPart = 500;

/** A check, by its place, on an asset. */
export interface Pair {
  readonly place: number;
  readonly asset: number;
}

/** Where checks had been found and were gone at least once by a moment: worked out of where they are known to have been now when it is asked for. */
export class PastGone {
  readonly #whole: OrganizationIndex;
  readonly #born: BornAssets;
  readonly #known = new Map<number, Gone>();
  /** What came and went later. */
  readonly #later: TransitionLog;
  #many: ReadonlyMap<number, readonly BulkTransition[]> | null = null;

  /** Use it with the index of now before the next await. */
  constructor(whole: OrganizationIndex, moment: number, born: BornAssets) {
    this.#whole = whole;
    this.#born = born;
    this.#later = whole.log.copy(moment + 1, Number.POSITIVE_INFINITY);
  }

  /** Of a check, by its place, as it is known now; what it tells later is of the moment of the past all the same. */
  of(place: number): Gone | (() => Gone) {
    const found = this.#whole.checks[place];
    if (!found || found.wasFixed.isEmpty) return nothingGone;
    const lent = found.lendGone();
    return this.#known.get(place) ?? (() => this.#goneBy(place, lent));
  }

  /** Where the index of now no longer tells whether what was gone was ever more than information. */
  doubts(): Pair[] {
    const { checks, book } = this.#whole;
    return [...checks.entries()].flatMap(([place, found]) => {
      if (!found || found.wasFixed.isEmpty || !book.isMixed(place)) return [];
      const gone = this.#goneBy(place, found);
      this.#known.set(place, gone);
      const sure = this.#assets(place, (to) => to === 2);
      sure.andInPlace(gone.wasFixed);
      sure.andNotInPlace(gone.doubtful);
      const doubtful = sure.toArray();
      sure.dispose();
      return doubtful.map((asset) => ({ place, asset }));
    });
  }

  /** Without those that were gone for the first time later. */
  #goneBy(place: number, now: Gone): Gone {
    const wasFixed = this.#born.among(now.wasFixed);
    const first = this.#assets(place, (to, isFirst) => to === 0 && isFirst);
    wasFixed.andNotInPlace(first);
    first.dispose();
    return { wasFixed, doubtful: RoaringBitmap32.and(now.doubtful, wasFixed) };
  }

  /** A new bitmap of the assets of later transitions that are wanted; the caller disposes it. */
  #assets(place: number, isWanted: (to: FoundState, isFirst: boolean) => boolean): RoaringBitmap32 {
    const single: number[] = [];
    this.#later.forEachRunOf(place, 0, (run) => {
      for (let number = run.begin; number < run.end; number += 1)
        if (isWanted(run.to(number), run.isFirst(number))) single.push(run.asset(number));
    });
    // A bitmap takes them in order in a fraction of the time.
    const assets = new RoaringBitmap32(Uint32Array.from(single).sort());
    for (const one of this.#manyOf(place)) if (isWanted(one.to, one.first)) assets.orInPlace(one.assets);
    return assets;
  }

  #manyOf(place: number): readonly BulkTransition[] {
    if (!this.#many) {
      const all: BulkTransition[] = [];
      this.#later.forEachMany(0, (one) => all.push(one));
      this.#many = Map.groupBy(all, (one) => one.place);
    }
    return this.#many.get(place) ?? [];
  }
}

/** What was more than information later, and was gone then, has to be looked up in the histories. There is little of it. */
export async function settleDoubts(
  db: Kysely<Database>,
  organizationId: string,
  { index, doubts }: { readonly index: OrganizationIndex; readonly doubts: readonly Pair[] },
): Promise<void> {
  const { book, table, checks, newest: moment } = index;
  const notOpen = doubts.filter(({ place, asset }) => !checks[place]?.open.has(asset));
  for (const some of inParts(notOpen, pairPart)) {
    const among = some.map(({ place, asset }) => ({
      assetId: table.assets[asset]?.assetId ?? '',
      check: book.checks[place]?.number ?? 0,
    }));
    const scope = { organizationId, among, asOf: new Date(moment) };
    const { rows } = await sql<{ number: number; check: number }>`
      select asset.number, check_number as "check" from (${derivedDetections(scope)}) as detection
      join asset on asset.organization_id = ${organizationId} and asset.id = asset_id
      where not confirmed`.execute(db);
    for (const { number, check } of rows) checks[book.placeOf(check) ?? -1]?.ownGone().doubtful.add(table.find(number) ?? -1);
  }
}
