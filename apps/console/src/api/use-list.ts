import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type Endpoint, limits } from '@vedette/protocol';
import { addressOf, call, type InputOf, type ReplyOf } from './call.ts';
import { failureBeside, freshMs } from './use-api.ts';

/** So many rows at first; then as many again as there are, so that a long list is read in few steps. */
const firstRows = 50;
/** A list of so many steps stands still until somebody reads it again: it would be read anew, step by step, at every piece of news. */
const livePages = 6;
const noPages: readonly never[] = [];

type Cursor = string | number;

interface ListReply<Item> {
  readonly total: number;
  /** false: there are at least `total`. Lists without it count all. */
  readonly isExact?: boolean;
  readonly items: readonly Item[];
  /** Of lists that are read by cursor. */
  readonly next?: Cursor | null;
}

/** A list of the API as far as it was read. */
export interface List<Item> {
  /** Undefined before the answer to this very question. */
  readonly total: number | undefined;
  /** false: there are at least so many. */
  readonly isExact: boolean;
  readonly items: readonly Item[];
  readonly isPending: boolean;
  /** The rows are those of the question before: the answer to this one is under way. */
  readonly isOutdated: boolean;
  /** Null at the end. */
  readonly loadMore: (() => void) | null;
  readonly isLoadingMore: boolean;
  /** Why the last `loadMore` came to nothing. */
  readonly moreError: unknown;
  /** Of a list too long to follow the news: reads it again from its beginning. */
  readonly reload: (() => void) | null;
  readonly error: unknown;
  readonly retry: () => unknown;
  /** Where the whole of it is a CSV file; null for lists that the platform does not write as one. */
  readonly csvAddress: string | null;
  /** Any part of it. */
  readonly fetchPart: (part: Part) => Promise<ListReply<Item>>;
}

/** What a list is made of: `items`, or `groups` of what is counted. */
type ItemOf<E extends Endpoint> =
  ReplyOf<E> extends { items: readonly (infer Item)[] }
    ? Item
    : ReplyOf<E> extends { groups: readonly (infer Group)[] }
      ? Group
      : never;

/** What to ask for: where lists are read by cursor, from there, else by offset. */
export interface Part {
  readonly limit: number;
  readonly after?: Cursor;
  readonly offset?: number;
}

/** True for what useList has read so much of that it stands still. */
export function isLongList({ state }: { readonly state: { readonly data?: unknown } }): boolean {
  const { data } = state;
  return (
    typeof data === 'object' && data !== null && 'pages' in data && Array.isArray(data.pages) && data.pages.length > livePages
  );
}

/** Reads a list page by page, by cursor where it has cursors, and keeps what is on screen while another question is under way. */
export function useList<E extends Endpoint>(
  endpoint: E,
  input: Omit<InputOf<E>, 'body'>,
  options: { refetchInterval?: number } = {},
): List<ItemOf<E>> & { readonly first: ReplyOf<E> | undefined } {
  const asked = input as { params?: object; query?: object }; // InputOf<E> cannot be looked into while E is open
  const load = async (part: object, signal?: AbortSignal): Promise<ListReply<ItemOf<E>>> => {
    const whole = { ...asked, query: { ...asked.query, ...part } } as InputOf<E>; // likewise
    const reply = (await call(endpoint, whole, signal)) as object; // likewise
    return ('groups' in reply ? { ...reply, items: reply.groups } : reply) as ListReply<ItemOf<E>>; // one of both it has
  };
  const queries = useQueryClient();
  const queryKey = [endpoint.path, 'list', asked];
  const { refetchInterval = false } = options;
  const answer = useInfiniteQuery<ListReply<ItemOf<E>>, Error, InfiniteData<ListReply<ItemOf<E>>>, readonly unknown[], Part>({
    queryKey,
    initialPageParam: { limit: firstRows },
    queryFn: ({ pageParam, signal }) => load(pageParam, signal),
    getNextPageParam: (last, pages) => nextPage(last, pages),
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (isLongList(query) ? false : refetchInterval),
    staleTime: (query) => (isLongList(query) ? Infinity : freshMs),
  });
  const pages = answer.data?.pages ?? noPages;
  const items = useMemo(() => pages.flatMap((page) => page.items), [pages]);
  const hasCsv = 'format' in ((endpoint.query as { shape?: object }).shape ?? {}); // an endpoint's query is an object or nothing
  return {
    total: answer.isPlaceholderData ? undefined : pages.at(-1)?.total,
    isExact: pages.at(-1)?.isExact ?? true,
    /** The first page, with whatever it tells beside its rows. */
    first: pages[0] as ReplyOf<E> | undefined, // as the endpoint answered
    items,
    isPending: answer.isPending,
    isOutdated: answer.isPlaceholderData,
    loadMore: answer.hasNextPage && !answer.isPlaceholderData ? () => void answer.fetchNextPage() : null,
    isLoadingMore: answer.isFetchingNextPage,
    moreError: answer.isFetchNextPageError ? answer.error : null,
    reload: pages.length > livePages ? () => void queries.resetQueries({ queryKey, exact: true }) : null,
    error: failureBeside(answer.data, answer.error),
    retry: answer.refetch,
    csvAddress: hasCsv ? addressOf(endpoint.path, { ...asked, query: { ...asked.query, format: 'csv' } } as never) : null, // likewise
    fetchPart: (part) => load(part),
  };
}

function nextPage<Item>(last: ListReply<Item>, pages: readonly ListReply<Item>[]): Part | undefined {
  const read = pages.reduce((sum, { items }) => sum + items.length, 0);
  return nextPart(last, read, Math.min(limits.pageSize, Math.max(firstRows, read)));
}

/** What follows the last part when so many rows were read; undefined at the end. */
export function nextPart(last: ListReply<unknown>, read: number, limit: number): Part | undefined {
  if (last.next !== undefined) return last.next === null ? undefined : { limit, after: last.next };
  return last.items.length > 0 && read < last.total ? { limit, offset: read } : undefined;
}
