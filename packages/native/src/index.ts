/**
 * The only place that knows node:ffi. It is experimental in Node, so every function says `null` or "unavailable" where it is
 * missing, and only `@vedette/host` calls it.
 */
export type { DescriptorWatch } from './descriptor-watch.ts';
export type { DirectoryEventHandlers, DirectoryEvents } from './directory-events.ts';
export { openFanotify } from './fanotify.ts';
export { isLocked } from './file-lock.ts';
export { openInotify } from './inotify.ts';
export { watchInterfaces, watchProcFile } from './kernel-events.ts';
export { lowerPriority } from './lower-priority.ts';
export { memoryCalls, type MemoryCalls } from './memory.ts';
export { listenerFingerprint } from './socket-diagnosis.ts';
