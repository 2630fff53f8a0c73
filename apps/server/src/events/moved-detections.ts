import { compileTest, foldQuery } from '@vedette/query';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { LoggedTransition } from '../fleet-index/transition-log.ts';
import type { IndexedCheck } from '../fleet-index/verdict-book.ts';
import type { EventQuestion } from './event-kind.ts';
import { certain } from './sql-events.ts';

/** Detections that came and went within the window of the fleet index. */
export interface MovedDetections {
  readonly index: OrganizationIndex;
  /** Moments at which knowledge was imported. */
  readonly imports: ReadonlySet<number>;
}

/** A transition, of one asset or of several that are not looked at one by one. */
export interface Moved {
  readonly at: number;
  readonly place: number;
  readonly status: 'opened' | 'reopened' | 'closed';
  readonly cause: 'inventory' | 'knowledge';
}

/** Whether an event fits, on an asset by its dense number, or on any asset: null where that depends. */
export type Fits = (moved: Moved, asset: number | null) => boolean | null;

/** What the question asks for. */
export function compile({ index: { book, table } }: MovedDetections, { query, fitting }: EventQuestion): Fits {
  if (!query) return () => true;
  return foldQuery<Fits>(query, {
    all: (parts) => (moved, asset) => certain.all(parts.map((part) => part(moved, asset))),
    any: (parts) => (moved, asset) => certain.any(parts.map((part) => part(moved, asset))),
    not: (part) => (moved, asset) => certain.not(part(moved, asset)),
    test: ({ name }, test) => {
      const passes = compileTest(test);
      return (moved) => passes(fieldOf(moved, book.checks[moved.place], name));
    },
    nested: (_, part) => {
      const assets = new Set(fitting(part).flatMap((number) => table.find(number) ?? []));
      return (__, asset) => (asset === null ? null : assets.has(asset));
    },
  });
}

function fieldOf({ at, status, cause }: Moved, check: IndexedCheck | undefined, field: string): string | number | null {
  switch (field) {
    case 'kind':
      return 'detection';
    case 'at':
      return at;
    case 'status':
      return status;
    case 'cause':
      return cause;
    case 'check':
      return check?.number ?? null;
    case 'name':
      return check?.name ?? null;
    case 'severity':
      return check?.severity ?? null;
    default:
      return null;
  }
}

/** Visits all that may fit; `whole` as Fits says of it without an asset. */
export function forEachMoved(
  { index, imports }: MovedDetections,
  { from, to }: EventQuestion,
  fits: Fits,
  visit: (moved: Moved, assets: LoggedTransition['assets'], whole: true | null) => void,
): void {
  const take = ({ at, place, assets, from: before, to: after, first }: LoggedTransition): void => {
    // From found to found as information, or back: it stays open.
    if (before !== 0 && after !== 0) return;
    const status = after === 0 ? 'closed' : first ? 'opened' : 'reopened';
    const moved: Moved = { at, place, status, cause: imports.has(at) ? 'knowledge' : 'inventory' };
    const whole = fits(moved, null);
    if (whole !== false) visit(moved, assets, whole);
  };
  index.log.forEach(from.getTime(), take, to.getTime() - 1);
}
