import type { EventSorting } from '@vedette/protocol';

/** By what events are sorted; those alike in that newest first, then by kind and key. Turned round as a whole. */
export interface EventOrder {
  readonly by: EventSorting;
  readonly isTurned: boolean;
}

/** What an event is sorted by before all else; null where that is its time. */
export type OrderValue = string | number | null;

/** Orders values of one order, and whatever else is compared in it. */
export function compareValues(a: OrderValue, b: OrderValue): number {
  if (a === b || a === null || b === null) return 0;
  return a < b ? -1 : 1;
}

interface Sorted {
  readonly status: string;
  readonly cause: string | null;
  readonly collector: string | null;
  readonly severity: number | null;
  readonly hostname: string | null;
}

/** What an event that no database has sorted is sorted by: the same as valueSql says. The kind is the same for all that are asked. */
export function valueOf(by: EventSorting, event: Sorted): OrderValue {
  if (by === 'at' || by === 'kind') return null;
  return by === 'severity' ? -(event.severity ?? 0) : event[by] ? `0${event[by]}` : '1';
}
