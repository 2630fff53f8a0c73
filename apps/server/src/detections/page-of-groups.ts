import type { DetectionGroup, DetectionGroupSorting, SortDirection } from '@vedette/protocol';
import { firstSorted } from '../fleet-index/select-assets.ts';
import { type Place, readPlace, writePlace } from '../http/list-cursor.ts';

/** What was counted, each group under a number: of a hundred thousand groups of one asset a page shows few, and only these are made. */
export interface Groups {
  readonly numbers: Uint32Array;
  readonly keyOf: (number: number) => string;
  readonly labelOf: (number: number) => string;
  readonly detectionsOf: (number: number) => number;
  readonly assetsOf: (number: number) => number | null;
}

export interface GroupsWish {
  readonly sort?: DetectionGroupSorting | undefined;
  readonly direction?: SortDirection | undefined;
  /** Part of what a group is called. */
  readonly label?: string | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
  /** Cursor of a page before. */
  readonly after?: string | undefined;
}

export function asGroups(groups: readonly DetectionGroup[]): Groups {
  return {
    numbers: Uint32Array.from(groups.keys()),
    keyOf: (number) => groups[number]?.key ?? '',
    labelOf: (number) => groups[number]?.label ?? '',
    detectionsOf: (number) => groups[number]?.detections ?? 0,
    assetsOf: (number) => groups[number]?.assets ?? null,
  };
}

/** One page of the groups, those with most detections first unless another order is wished. Throws ApiError BAD_REQUEST for a cursor of another one. */
export function pageOfGroups(
  groups: Groups,
  { sort = 'detections', direction = 'ascending', limit, offset = 0, ...wish }: GroupsWish,
): { readonly groups: DetectionGroup[]; readonly total: number; readonly next: string | null } {
  const { keyOf, labelOf, detectionsOf, assetsOf } = groups;
  const valueOf = (number: number): string | number => {
    if (sort === 'label') return placeOfLabel(labelOf(number));
    return -(sort === 'assets' ? (assetsOf(number) ?? 0) : detectionsOf(number));
  };
  const order = `${sort} ${direction}`;
  const after = wish.after === undefined ? null : readPlace(wish.after, order, [sort === 'label' ? 'text' : 'number', 'text']);
  const turn = direction === 'descending' ? -1 : 1;
  const text = wish.label?.trim().toLowerCase() ?? '';
  const found = text === '' ? groups.numbers : groups.numbers.filter((number) => labelOf(number).toLowerCase().includes(text));
  const compareWith = (number: number, [value = 0, key = '']: Place): number =>
    turn * (compareValues(valueOf(number), value) || compareValues(keyOf(number), key));
  const compare = (a: number, b: number): number =>
    turn * (compareValues(valueOf(a), valueOf(b)) || compareValues(keyOf(a), keyOf(b)));
  const behind = after ? found.filter((number) => compareWith(number, after) > 0) : found;
  const page = firstSorted(behind, limit + offset, compare).slice(offset);
  const last = behind.length > limit + offset ? page.at(-1) : undefined;
  return {
    groups: page.map((number) => ({
      key: keyOf(number),
      label: labelOf(number),
      detections: detectionsOf(number),
      assets: assetsOf(number),
    })),
    total: found.length,
    next: last === undefined ? null : writePlace(order, [valueOf(last), keyOf(last)]),
  };
}

/** So many characters decide about a place: a cursor goes into an address. */
const sortedLength = 100;

/** Days from before the index knows days come before all others. */
function placeOfLabel(label: string): string {
  return label === 'earlier' ? '' : label.toLowerCase().slice(0, sortedLength);
}

function compareValues(a: string | number, b: string | number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
