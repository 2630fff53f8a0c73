import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { LoggedTransition } from '../fleet-index/transition-log.ts';
import type { IndexedCheck } from '../fleet-index/verdict-book.ts';
import { compileQuestion, type Fits } from './compile-question.ts';
import type { EventQuestion } from './event-kind.ts';

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

/** What the question asks for. */
export function compile({ index: { book, table } }: MovedDetections, question: EventQuestion): Fits<Moved> {
  return compileQuestion(question, table, (moved, field) => fieldOf(moved, book.checks[moved.place], field));
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
  fits: Fits<Moved>,
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
