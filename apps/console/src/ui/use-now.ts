import { useSyncExternalStore } from 'react';

const stepMs = 30_000;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  const timer = setInterval(() => {
    now = Date.now();
    listener();
  }, stepMs);
  return () => clearInterval(timer);
}

/** The time, in steps of half a minute, so that "5 minutes ago" stays true while somebody looks at it. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
