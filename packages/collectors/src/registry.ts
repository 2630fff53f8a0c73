import type { Collector } from './collector.ts';

/** Every collector of this release, in the order in which a first inventory runs them. */
export const collectors: readonly Collector[] = [];
