import { useRouter, useRouterState } from '@tanstack/react-router';
import { useEffect, useSyncExternalStore } from 'react';
import { withQuery } from '../paths.ts';
import type { UrlState } from '../ui/use-url-state.ts';

const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/;

/** The moment from an address, from outside; undefined for anything else, and for what lies ahead. */
export function momentOf(text: string | undefined, now: number): string | undefined {
  if (text === undefined || !form.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) || at > now ? undefined : new Date(at).toISOString();
}

let chosen = momentOf(new URLSearchParams(location.search).get('asOf') ?? undefined, Date.now());
const listeners = new Set<() => void>();

function choose(moment: string | undefined): void {
  if (moment === chosen) return;
  chosen = moment;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The moment of the past at which the console looks; undefined for now. It goes along from page to page until somebody comes back. */
export function useAsOf(): string | undefined {
  return useSyncExternalStore(subscribe, () => chosen);
}

/** Keeps the moment in the address of every page, so that each can be sent to somebody. Once, in the frame. */
export function useTimeTravel(): { readonly asOf: string | undefined; readonly travel: (moment: string | undefined) => void } {
  const router = useRouter();
  const asOf = useAsOf();
  const location = useRouterState({ select: (state) => state.location });
  const search = location.search as UrlState; // our parseSearch gives texts only
  const inAddress = search['asOf'];
  useEffect(() => {
    if (asOf !== undefined && inAddress === undefined) router.history.replace(withQuery(location.pathname, { ...search, asOf }));
    else if (inAddress !== undefined && inAddress !== asOf) choose(momentOf(inAddress, Date.now()));
    // oxlint-disable-next-line react/exhaustive-deps -- the address as a whole is what changes
  }, [asOf, inAddress, location.href]);
  const travel = (moment: string | undefined): void => {
    choose(moment);
    router.history.replace(withQuery(location.pathname, { ...search, asOf: moment }));
  };
  return { asOf, travel };
}
