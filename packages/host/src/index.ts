/**
 * The only door to the operating system: implements the `Host` interface of `@vedette/collectors`, watches files, and knows what
 * this process costs. The agent and the offline scan use it.
 */
export { isLocked } from './is-locked.ts';
export { linuxHost } from './linux-host.ts';
export { readPressure, type Pressure } from './pressure.ts';
export { processUsage, type ProcessUsage } from './process-usage.ts';
export { joinResourceGroup, type ResourceGroup, type ResourceLimits } from './resource-group.ts';
export { runChild, type ChildLimits } from './run-child.ts';
export { trimMemory } from './trim-memory.ts';
export { watchHost, type HostWatch, type HostWatchOptions, type WatchWay } from './watch-host.ts';
export type { EventSource } from './watch-paths.ts';
