import { useQueryClient } from '@tanstack/react-query';
import { endpoints } from '@vedette/protocol';
import { useEffect, useRef } from 'react';
import { useApi } from '../api/use-api.ts';
import { isLongList } from '../api/use-list.ts';

const everyMs = 10_000;
/** Do not change with packages, detections or knowledge. */
const steady: ReadonlySet<unknown> = new Set([
  endpoints.getSession.path,
  endpoints.getPulse.path,
  endpoints.listFieldValues.path,
]);

/** Fetches what is on screen again when the platform knows something new; what was there stays until the new is. Once, in the frame. */
export function useLiveUpdates(): void {
  const queries = useQueryClient();
  const { data } = useApi(endpoints.getPulse, {}, { refetchInterval: everyMs });
  const known = useRef<string | undefined>(undefined);
  const revision = data?.revision;
  useEffect(() => {
    const isNews = known.current !== undefined && revision !== undefined && revision !== known.current;
    known.current = revision ?? known.current;
    if (isNews) void queries.invalidateQueries({ predicate: (query) => !steady.has(query.queryKey[0]) && !isLongList(query) });
  }, [queries, revision]);
}
