import type { DynamicLibrary, FunctionDefinitions } from 'node:ffi';

type Ffi = typeof import('node:ffi');

/** Loads functions of the C library, or of libuv inside Node, both part of this process. */
export interface CLibrary<Functions> {
  readonly ffi: Ffi;
  readonly library: DynamicLibrary;
  readonly call: Functions;
}

/**
 * Null where node:ffi or one of the functions is missing (an older Node, musl, another system) or its use is not permitted; the
 * caller then has to do without.
 */
export function cLibrary<const Definitions extends FunctionDefinitions>(definitions: Definitions) {
  if (process.platform !== 'linux') return null;
  try {
    const ffi = process.getBuiltinModule('node:ffi');
    const { lib, functions } = ffi.dlopen(null, definitions);
    return { ffi, library: lib, call: functions } satisfies CLibrary<typeof functions>;
  } catch {
    return null;
  }
}

/** A path as C takes it. Throws for one that holds a NUL byte: C would see another path. */
export function cString(path: string): Buffer {
  if (path.includes('\0')) throw new TypeError('a path cannot hold NUL');
  return Buffer.from(`${path}\0`, 'utf8');
}

/** Calls `make` once, when it is first needed. */
export function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null;
  return () => (made ??= { value: make() }).value;
}
