import { useRouter, useRouterState } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { withQuery } from '../paths.ts';

export type UrlState = Readonly<Record<string, string | undefined>>;

/**
 * The query of the address as the state of a page, so that every view can be sent to somebody. Values come from outside: a page
 * checks them with `oneOf` or takes them as text. A page of several tables gives each a `scope`, so that each has an order of its own.
 */
export function useUrlState(scope?: string): [UrlState, (patch: UrlState) => void] {
  const router = useRouter();
  const search = useRouterState({ select: (current) => current.location.search as UrlState }); // our parseSearch gives texts only
  const state = useMemo(() => within(search, scope), [search, scope]);
  const change = useCallback(
    (patch: UrlState) => {
      const { pathname, search: before } = router.state.location;
      const named = Object.entries(patch).map(([name, value]) => [nameIn(scope, name), value]);
      router.history.replace(withQuery(pathname, { ...(before as UrlState), ...Object.fromEntries(named) }));
    },
    [router, scope],
  );
  return [state, change];
}

function nameIn(scope: string | undefined, name: string): string {
  return scope === undefined ? name : `${scope}.${name}`;
}

/** Of all that stands in an address what is of one table. */
function within(search: UrlState, scope: string | undefined): UrlState {
  if (scope === undefined) return search;
  const own = Object.entries(search).flatMap(([name, value]) =>
    name.startsWith(`${scope}.`) ? [[name.slice(scope.length + 1), value]] : [],
  );
  return Object.fromEntries(own);
}

/** The value when it is one of the known ones, else the first of them. */
export function oneOf<const Known extends string>(value: string | undefined, known: readonly [Known, ...Known[]]): Known {
  return known.find((each) => each === value) ?? known[0];
}
