import { useQuery, useQueryClient } from '@tanstack/react-query';
import { endpoints } from '@vedette/protocol';
import { useEffect, useRef } from 'react';
import { call } from '../api/call.ts';
import { isPassing, keyOf } from '../api/use-api.ts';
import { isLongList } from '../api/use-list.ts';

const everyMs = 10_000;
/** Do not change with packages, detections or knowledge. */
const steady: ReadonlySet<unknown> = new Set([
  endpoints.getSession.path,
  endpoints.getPulse.path,
  endpoints.listFieldValues.path,
]);

/** While the platform does not answer: why, and of when everything on screen is. */
export interface Silence {
  readonly error: unknown;
  readonly since: number;
}

/**
 * Fetches what is on screen again when the platform knows something new, or answers again; what was there stays until the new is. Once, in
 * the frame, which says for how long it has been silent.
 */
export function useLiveUpdates(): Silence | null {
  const queries = useQueryClient();
  const { data, error, dataUpdatedAt, isError } = useQuery({
    queryKey: keyOf(endpoints.getPulse, {}),
    queryFn: ({ signal }) => call(endpoints.getPulse, {}, signal),
    refetchInterval: everyMs,
    retry: false,
  });
  const known = useRef<string | undefined>(undefined);
  const wasSilent = useRef(false);
  const revision = data?.revision;
  useEffect(() => {
    const isNews = known.current !== undefined && revision !== undefined && revision !== known.current;
    const isBack = wasSilent.current && !isError;
    known.current = revision ?? known.current;
    wasSilent.current = isError;
    if (isNews || isBack)
      void queries.invalidateQueries({ predicate: (query) => !steady.has(query.queryKey[0]) && !isLongList(query) });
  }, [queries, revision, isError]);
  return isError && isPassing(error) && dataUpdatedAt > 0 ? { error, since: dataUpdatedAt } : null;
}
