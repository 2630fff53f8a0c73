import { cLibrary } from './c-library.ts';

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

/** The C library's calls, or null where node:ffi or glibc is missing: memory is then given back when the system wants it. */
export function memoryCalls(): MemoryCalls | null {
  const c = cLibrary({
    malloc_trim: { arguments: ['uint64'], return: 'int32' },
    madvise: { arguments: ['uint64', 'uint64', 'int32'], return: 'int32' },
  });
  return (
    c && {
      trimHeap: () => void c.call.malloc_trim(0n),
      dropPages: (address, length) => c.call.madvise(address, length, dontNeed) === 0,
    }
  );
}
