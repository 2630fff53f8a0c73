/**
 * The only door to the operating system: implements the `Host` interface of `@vedette/collectors`, watches files, and knows what
 * this process costs. The agent and the offline scan use it.
 */
export { linuxHost } from './linux-host.ts';
export { processUsage, type ProcessUsage } from './process-usage.ts';
export { trimMemory } from './trim-memory.ts';
export { watchPaths, type PathWatch, type WatchOptions } from './watch-paths.ts';
