import type { Answer as AnswerOf } from '../api/use-api.ts';
import type { List } from '../api/use-list.ts';
import type { CsvValue } from './csv.ts';
import type { UrlState } from './use-url-state.ts';

/** What the order and the search of a whole list look at: the texts that an export has too. */
interface Texts<Item> {
  readonly id: string;
  readonly isHighestFirst?: boolean;
  readonly text?: (item: Item) => CsvValue;
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * Items that hold what is searched for in a text of theirs, in the order of the texts of the column `sort`; without one, as the
 * platform gave them.
 */
export function arrange<Item>(
  items: readonly Item[],
  columns: readonly Texts<Item>[],
  { search = '', sort, direction }: UrlState,
): readonly Item[] {
  const wanted = search.trim().toLowerCase();
  const holds = (item: Item) => columns.some(({ text }) => `${text?.(item) ?? ''}`.toLowerCase().includes(wanted));
  const found = wanted === '' ? items : items.filter(holds);
  const { text, isHighestFirst = false } = columns.find(({ id }) => id === sort) ?? {};
  if (!text) return found;
  const isDescending = (direction === 'descending') !== isHighestFirst;
  return found.toSorted((one, other) => inOrder(text(one), text(other), isDescending));
}

/** What is not there comes last, whichever way round the list is. */
function inOrder(one: CsvValue, other: CsvValue, isDescending: boolean): number {
  const isMissing = (value: CsvValue) => value === null || value === undefined || value === '';
  if (isMissing(one) || isMissing(other)) return Number(isMissing(one)) - Number(isMissing(other));
  const order = typeof one === 'number' && typeof other === 'number' ? one - other : collator.compare(String(one), String(other));
  return isDescending ? -order : order;
}

/** What came of asking the API for all of a list. */
export type Answer<Item> = AnswerOf<{ readonly items: readonly Item[] }>;

/** What is there already, as the answer that WholeTable takes. */
export function answerWith<Item>(items: readonly Item[]): Answer<Item> {
  return { data: { items }, isPending: false, error: null, refetch: () => undefined };
}

/** A list that the API gives in one piece, as ListTable takes it: `items` are those of `answer` to show. */
export function wholeList<Item>({ data, isPending, error, refetch }: Answer<Item>, items: readonly Item[]): List<Item> {
  return {
    total: data && items.length,
    isExact: true,
    items,
    isPending,
    isOutdated: false,
    loadMore: null,
    isLoadingMore: false,
    moreError: null,
    reload: null,
    error: data ? null : error,
    retry: refetch,
    csvAddress: null,
    fetchPart: () => Promise.resolve({ total: items.length, items }),
  };
}
