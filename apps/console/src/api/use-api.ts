import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { Endpoint } from '@vedette/protocol';
import { call, type InputOf, type ReplyOf } from './call.ts';

/** An answer is not asked for again so soon. */
export const freshMs = 5_000;

/** Query key of an operation, so that a change elsewhere can make it be fetched again. */
export function keyOf<E extends Endpoint>(endpoint: E, input?: InputOf<E>): readonly unknown[] {
  return input === undefined ? [endpoint.path] : [endpoint.path, input];
}

/** Reads one operation and keeps the previous answer on screen while the next one is under way. */
export function useApi<E extends Endpoint>(
  endpoint: E,
  input: InputOf<E>,
  options: { enabled?: boolean; refetchInterval?: number } = {},
): UseQueryResult<ReplyOf<E>> {
  return useQuery<ReplyOf<E>>({
    queryKey: keyOf(endpoint, input),
    queryFn: ({ signal }) => call(endpoint, input, signal),
    placeholderData: keepPreviousData,
    ...options,
  } as Parameters<typeof useQuery<ReplyOf<E>>>[0]); // keepPreviousData cannot be typed while E is open
}
