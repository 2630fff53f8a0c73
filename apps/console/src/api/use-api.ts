import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Endpoint } from '@vedette/protocol';
import { ApiError, call, type InputOf, type ReplyOf } from './call.ts';

/** An answer is not asked for again so soon. */
export const freshMs = 5_000;

/** Query key of an operation, so that a change elsewhere can make it be fetched again. */
export function keyOf<E extends Endpoint>(endpoint: E, input?: InputOf<E>): readonly unknown[] {
  return input === undefined ? [endpoint.path] : [endpoint.path, input];
}

export interface Answer<Reply> {
  /** Of this very question: never what another one was answered. */
  readonly data: Reply | undefined;
  readonly isPending: boolean;
  /** Why nothing is known; null where what is known could only not be asked for again. */
  readonly error: unknown;
  readonly refetch: () => unknown;
}

/**
 * Reads one operation. While it is asked for again, what is known stays, also when the platform does not answer, which the frame says.
 * `keepsPrevious` keeps the answer to the question before, for suggestions that are filtered anyway.
 */
export function useApi<E extends Endpoint>(
  endpoint: E,
  input: InputOf<E>,
  options: { enabled?: boolean; refetchInterval?: number; keepsPrevious?: boolean } = {},
): Answer<ReplyOf<E>> {
  const { keepsPrevious = false, ...rest } = options;
  const { data, isPending, error, refetch } = useQuery<ReplyOf<E>>({
    queryKey: keyOf(endpoint, input),
    queryFn: ({ signal }) => call(endpoint, input, signal),
    ...(keepsPrevious ? { placeholderData: keepPreviousData } : {}),
    ...rest,
  } as Parameters<typeof useQuery<ReplyOf<E>>>[0]); // keepPreviousData cannot be typed while E is open
  return { data, isPending, error: failureBeside(data, error), refetch };
}

/** A refusal counts whatever was known; silence and overload only where nothing is. */
export function failureBeside(data: unknown, error: unknown): unknown {
  return data !== undefined && isPassing(error) ? null : error;
}

/** True for what may be over at the next try. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 500;
}
