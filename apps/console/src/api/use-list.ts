import { type InfiniteData, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { Endpoint } from '@vedette/protocol';
import { addressOf, call, type InputOf, type ReplyOf } from './call.ts';

/** So many rows at first, and so many more at a time. */
export const rowsPerPage = 50;

interface ListReply<Item> {
  readonly total: number;
  readonly items: readonly Item[];
  /** Of lists that are read by cursor. */
  readonly next?: string | null;
}

/** A list of the API as far as it was read. */
export interface List<Item> {
  /** Undefined before the first answer. */
  readonly total: number | undefined;
  readonly items: readonly Item[];
  readonly isPending: boolean;
  /** Null at the end. */
  readonly loadMore: (() => void) | null;
  readonly isLoadingMore: boolean;
  readonly error: unknown;
  readonly retry: () => unknown;
  /** Where the whole of it is a CSV file; null for lists that the platform does not write as one. */
  readonly csvAddress: string | null;
  /** Any part of it, by offset. */
  readonly fetchPart: (part: { limit: number; offset: number }) => Promise<ListReply<Item>>;
}

type ItemOf<E extends Endpoint> = ReplyOf<E> extends { items: readonly (infer Item)[] } ? Item : never;
type PageParam = { readonly after?: string; readonly offset?: number };

/** Reads a list page by page, by cursor where it has cursors, and keeps what is on screen while another question is under way. */
export function useList<E extends Endpoint>(
  endpoint: E,
  input: Omit<InputOf<E>, 'body'>,
  options: { refetchInterval?: number } = {},
): List<ItemOf<E>> {
  const asked = input as { params?: object; query?: object }; // InputOf<E> cannot be looked into while E is open
  const load = (part: object, signal?: AbortSignal): Promise<ListReply<ItemOf<E>>> =>
    call(endpoint, { ...asked, query: { ...asked.query, ...part } } as InputOf<E>, signal) as Promise<ListReply<ItemOf<E>>>; // likewise
  const answer = useInfiniteQuery<ListReply<ItemOf<E>>, Error, InfiniteData<ListReply<ItemOf<E>>>, readonly unknown[], PageParam>(
    {
      queryKey: [endpoint.path, 'list', asked],
      initialPageParam: {},
      queryFn: ({ pageParam, signal }) => load({ limit: rowsPerPage, ...pageParam }, signal),
      getNextPageParam: (last, pages) => nextPage(last, pages),
      placeholderData: keepPreviousData,
      ...options,
    },
  );
  const pages = answer.data?.pages ?? [];
  const hasCsv = 'format' in ((endpoint.query as { shape?: object }).shape ?? {}); // an endpoint's query is an object or nothing
  return {
    total: pages.at(-1)?.total,
    items: pages.flatMap(({ items }) => items),
    isPending: answer.isPending,
    loadMore: answer.hasNextPage ? () => void answer.fetchNextPage() : null,
    isLoadingMore: answer.isFetchingNextPage,
    error: answer.data ? null : answer.error,
    retry: answer.refetch,
    csvAddress: hasCsv ? addressOf(endpoint.path, { ...asked, query: { ...asked.query, format: 'csv' } } as never) : null, // likewise
    fetchPart: (part) => load(part),
  };
}

function nextPage<Item>(last: ListReply<Item>, pages: readonly ListReply<Item>[]): PageParam | undefined {
  if (last.next !== undefined) return last.next === null ? undefined : { after: last.next };
  const read = pages.reduce((sum, { items }) => sum + items.length, 0);
  return last.items.length > 0 && read < last.total ? { offset: read } : undefined;
}
