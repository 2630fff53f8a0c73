/**
 * The only place that knows node:ffi. It is experimental in Node, so every function says `null` or "unavailable" where it is
 * missing, and only `@vedette/host` calls it.
 */
export { memoryCalls, type MemoryCalls } from './memory.ts';
