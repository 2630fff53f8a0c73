import { RoaringBitmap32 } from 'roaring-wasm';
import { firstSorted } from '../fleet-index/select-assets.ts';
import type { LoggedTransition } from '../fleet-index/transition-log.ts';
import type { Fits } from './compile-question.ts';
import type { EventPart, EventQuestion, EventRow } from './event-kind.ts';
import { compareValues, type EventOrder, type OrderValue, valueOf } from './event-order.ts';
import { type EventPlace, FirstEvents } from './first-events.ts';
import { compile, forEachMoved, type Moved, type MovedDetections } from './moved-detections.ts';

interface Found extends Moved, EventPlace {
  readonly asset: number;
}

/** Of many assets at once. */
interface Run extends EventPlace {
  readonly moved: Moved;
  readonly assets: Exclude<LoggedTransition['assets'], number>;
  readonly whole: true | null;
}

interface Offers extends MovedDetections {
  readonly question: EventQuestion;
  readonly part: EventPart;
  readonly first: FirstEvents<Found>;
  readonly fits: Fits<Moved>;
}

/** Detections that came and went, in an order. */
export function pageOfMoved(moved: MovedDetections, question: EventQuestion, part: EventPart): EventRow[] {
  const first = new FirstEvents<Found>(part);
  const offers = { ...moved, question, part, first, fits: compile(moved, question) };
  if (part.order.by === 'hostname') offerByHostname(offers);
  else offerAll(offers);
  return first.take().map((found) => toRow(moved, found));
}

function offerAll(offers: Offers): void {
  const { first, question, fits, index } = offers;
  const { order } = offers.part;
  const runs: Run[] = [];
  forEachMoved(offers, question, fits, (moved, assets, whole) => {
    const { at } = moved;
    const value = valueOfMoved(order, moved, index);
    if (typeof assets !== 'number') runs.push({ moved, at, assets, whole, value, key: firstKey(offers, moved) });
    else if (whole ?? fits(moved, assets)) offer(offers, { moved, asset: assets, value });
  });
  // Those that can still be among the first are taken apart, one check after the other.
  for (const run of runs.toSorted(first.compare)) {
    const { moved, assets, whole, value } = run;
    if (first.isTold(run)) continue;
    if (first.isFullBefore(run)) break;
    for (const asset of assets.toUint32Array()) if (whole ?? fits(moved, asset)) offer(offers, { moved, asset, value });
  }
}

function valueOfMoved({ by }: EventOrder, moved: Moved, { book }: Offers['index']): OrderValue {
  const severity = book.checks[moved.place]?.severity ?? null;
  return valueOf(by, { ...moved, severity, collector: null, hostname: null });
}

function offer(
  { first, index: { book, table } }: Offers,
  { moved, asset, value }: { readonly moved: Moved; readonly asset: number; readonly value: OrderValue },
): void {
  const key = `${padded(book.checks[moved.place]?.number)} ${padded(table.assets[asset]?.number)}`;
  first.offer({ ...moved, asset, value, key });
}

/** Before the keys of all its assets, in the order. */
function firstKey({ part, index: { book } }: Offers, { place }: Moved): string {
  return `${padded(book.checks[place]?.number)} ${part.order.isTurned ? '~' : ''}`;
}

/** So many assets are looked at at first; then many times as many. */
const [fewAssets, growth] = [16, 4];

/** What happened to the assets that come first by name, until that is enough: all of it may be many millions of events. */
function offerByHostname(offers: Offers): void {
  const { first, question, fits, index } = offers;
  const { order, behind } = offers.part;
  const moved = movedAssets(offers);
  const values = new Map(
    Array.from(moved, (asset) => [
      asset,
      valueOf('hostname', { ...nothingElse, hostname: index.table.assets[asset]?.hostname ?? null }),
    ]),
  );
  const way = order.isTurned ? -1 : 1;
  const compareWith = (asset: number, value: OrderValue): number => way * compareValues(values.get(asset) ?? null, value);
  const compare = (a: number, b: number): number => compareWith(a, values.get(b) ?? null);
  let left = moved.filter((asset) => !behind || compareWith(asset, behind.value) >= 0);
  for (let count = fewAssets; left.length > 0 && !first.isFull; count *= growth) {
    const last = firstSorted(left, count, compare).at(-1) ?? 0;
    // Those of one name go together: the newest of them comes first.
    const within = new RoaringBitmap32(left.filter((asset) => compare(asset, last) <= 0));
    left = left.filter((asset) => compare(asset, last) > 0);
    forEachMoved(offers, question, fits, (moved, assets, whole) => {
      for (const asset of among(assets, within))
        if (whole ?? fits(moved, asset)) offer(offers, { moved, asset, value: values.get(asset) ?? null });
    });
    within.dispose();
  }
}

/** Those to which anything happened that may fit: on most days few of a fleet. */
function movedAssets(offers: Offers): Uint32Array {
  const found = new RoaringBitmap32();
  forEachMoved(offers, offers.question, offers.fits, (_, assets) => {
    if (typeof assets === 'number') found.add(assets);
    else found.orInPlace(assets);
  });
  const all = found.toUint32Array();
  found.dispose();
  return all;
}

const nothingElse = { status: '', cause: null, collector: null, severity: null };

function among(assets: LoggedTransition['assets'], within: RoaringBitmap32): Iterable<number> {
  if (typeof assets === 'number') return within.has(assets) ? [assets] : [];
  const both = RoaringBitmap32.and(assets, within);
  const found = both.toUint32Array();
  both.dispose();
  return found;
}

function padded(number: number | undefined): string {
  return String(number ?? 0).padStart(10, '0');
}

function toRow({ index: { book, table } }: MovedDetections, found: Found): EventRow {
  const { at, place, status, cause, asset, key, value } = found;
  const check = book.checks[place];
  const known = table.assets[asset];
  return {
    at,
    key,
    ref: `${check?.number ?? 0} ${status}`,
    status,
    cause,
    assetId: known?.assetId ?? null,
    collector: null,
    package: null,
    version: null,
    previous: null,
    checkNumber: check?.number ?? null,
    name: check?.name ?? null,
    severity: check?.severity ?? null,
    detail: null,
    value,
  };
}
