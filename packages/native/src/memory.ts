import type { DynamicLibrary } from 'node:ffi';

export interface MemoryCalls {
  /** malloc_trim(3): gives free memory of the C heap back. */
  trimHeap(): void;
  /**
   * madvise(2) with MADV_DONTNEED. The pages are dropped at once; only for ranges that a file backs as they are, whose
   * pages come back from the page cache. On any other range this destroys data.
   */
  dropPages(address: bigint, length: bigint): boolean;
}

// asm-generic/mman-common.h; the same number on every Linux architecture but alpha.
const dontNeed = 4;

/** The C library's calls, or null where node:ffi or glibc is missing, or its use is not permitted. */
export function memoryCalls(): MemoryCalls | null {
  if (process.platform !== 'linux') return null;
  try {
    const ffi = process.getBuiltinModule('node:ffi');
    const { functions } = ffi.dlopen(null, {
      malloc_trim: { arguments: ['uint64'], return: 'int32' },
      madvise: { arguments: ['uint64', 'uint64', 'int32'], return: 'int32' },
    }) satisfies { lib: DynamicLibrary };
    return {
      trimHeap: () => void functions.malloc_trim(0n),
      dropPages: (address, length) => functions.madvise(address, length, dontNeed) === 0,
    };
  } catch {
    return null; // An older Node, musl, or the permission model: memory is then given back when the system wants it.
  }
}
