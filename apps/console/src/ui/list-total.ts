import { formatCount } from './format.ts';

/** How many a list has, where it was counted; and whether that is all, or what was counted so far. */
interface Total {
  readonly total: number | undefined;
  readonly isExact: boolean;
}

/** "1,234", or "at least 10,000" of what would take long to count. */
export function totalOf({ total = 0, isExact }: Total): string {
  return `${isExact ? '' : 'at least '}${formatCount(total)}`;
}

/** "1 match", "at least 10,000 matches"; nothing before the first answer. */
export function matchesOf(list: Total): string {
  if (list.total === undefined) return '';
  return `${totalOf(list)} ${list.total === 1 && list.isExact ? 'match' : 'matches'}`;
}
