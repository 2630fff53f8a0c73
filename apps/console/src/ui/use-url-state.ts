import { useRouter, useRouterState } from '@tanstack/react-router';
import { useCallback } from 'react';
import { withQuery } from '../paths.ts';

export type UrlState = Readonly<Record<string, string | undefined>>;

/**
 * The query of the address as the state of a page, so that every view can be sent to somebody. Values come from outside: a page
 * checks them with `oneOf` or takes them as text.
 */
export function useUrlState(): [UrlState, (patch: UrlState) => void] {
  const router = useRouter();
  const state = useRouterState({ select: (current) => current.location.search as UrlState }); // our parseSearch gives texts only
  const change = useCallback(
    (patch: UrlState) => {
      const { pathname, search } = router.state.location;
      router.history.replace(withQuery(pathname, { ...(search as UrlState), ...patch }));
    },
    [router],
  );
  return [state, change];
}

/** The value when it is one of the known ones, else the first of them. */
export function oneOf<const Known extends string>(value: string | undefined, known: readonly [Known, ...Known[]]): Known {
  return known.find((each) => each === value) ?? known[0];
}
