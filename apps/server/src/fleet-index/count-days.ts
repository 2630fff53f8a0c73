import { RoaringBitmap32 } from 'roaring-wasm';
import { type Select, visitOnce } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';

const dayMs = 24 * 3600 * 1000;

/** First findings of one check that came later than the assets they are on. */
interface Later {
  /** Pairs of day and asset. */
  readonly single: number[];
  readonly many: { readonly day: number; readonly assets: RoaringBitmap32 }[];
}

/** Counts what `select` visits by the day (UTC) on which it was first found; what is older than the index knows, as `earlier`. */
export function countDays(index: OrganizationIndex, select: Select): { readonly key: string; readonly detections: number }[] {
  const first = Math.floor(index.since / dayMs) + 1;
  const dayOf = (at: number): number => Math.max(0, Math.floor(at / dayMs) - first + 1);
  const days = new Days(index, dayOf);
  // An asset's detections began when it was first heard of, unless the log says that they came later.
  visitOnce(select, ({ assets }, times) => days.addBorn(assets, times));
  const later = laterFindings(index, dayOf);
  if (later.size > 0) {
    select((selected) => {
      const found = later.get(selected.place);
      if (found) moveLater(days, selected.assets, found);
    });
  }
  const name = (day: number): string => (day === 0 ? 'earlier' : new Date((day + first - 1) * dayMs).toISOString().slice(0, 10));
  return days.end().flatMap((detections, day) => (detections > 0 ? [{ key: name(day), detections }] : []));
}

/** Detections by day, of which most began with their asset. */
class Days {
  readonly #counts: number[] = [0];
  readonly #born: ReadonlyMap<number, RoaringBitmap32>;
  readonly #birthOf: (asset: number) => number;

  constructor({ table }: OrganizationIndex, dayOf: (at: number) => number) {
    this.#birthOf = (asset) => dayOf(table.birth(asset));
    const byDay = new Map<number, number[]>();
    for (let asset = 0; asset < table.assets.length; asset += 1) {
      const day = this.#birthOf(asset);
      // What was there before is the rest; of a moment of the past, some never came.
      if (day === 0 || !Number.isFinite(day)) continue;
      const born = byDay.get(day);
      if (born) born.push(asset);
      else byDay.set(day, [asset]);
    }
    this.#born = new Map(Array.from(byDay, ([day, assets]) => [day, new RoaringBitmap32(assets)] as const));
  }

  /** Detections on these assets that began with them. */
  addBorn(assets: RoaringBitmap32, times: number): void {
    let earlier = assets.size;
    for (const [day, born] of this.#born) {
      if (earlier === 0) break;
      const count = assets.andCardinality(born);
      this.add(day, times * count);
      earlier -= count;
    }
    this.add(0, times * earlier);
  }

  /** One that began on a later day than its asset. */
  move(asset: number, day: number): void {
    this.add(this.#birthOf(asset), -1);
    this.add(day, 1);
  }

  add(day: number, change: number): void {
    this.#counts[day] = (this.#counts[day] ?? 0) + change;
  }

  end(): number[] {
    for (const born of this.#born.values()) born.dispose();
    return this.#counts;
  }
}

function moveLater(days: Days, assets: RoaringBitmap32, { single, many }: Later): void {
  for (let at = 0; at < single.length; at += 2) {
    const asset = single[at + 1] ?? 0;
    if (assets.has(asset)) days.move(asset, single[at] ?? 0);
  }
  for (const { day, assets: found } of many) {
    const moved = RoaringBitmap32.and(found, assets);
    days.addBorn(moved, -1);
    days.add(day, moved.size);
    moved.dispose();
  }
}

/** By the check's place. The bitmaps are the index's. */
function laterFindings(index: OrganizationIndex, dayOf: (at: number) => number): Map<number, Later> {
  const later = new Map<number, Later>();
  index.log.forEach(index.since, ({ at, place, assets, from, first }) => {
    if (from !== 0 || !first) return;
    const known = later.get(place) ?? { single: [], many: [] };
    later.set(place, known);
    if (typeof assets === 'number') known.single.push(dayOf(at), assets);
    else known.many.push({ day: dayOf(at), assets });
  });
  return later;
}
