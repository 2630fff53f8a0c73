import type { Distribution, Extraction } from '@vedette/extractors';
import type { Kernel } from '@vedette/protocol';

/** What one file of a target names. */
export interface ScannedFile {
  /** Path inside the target, or the target itself. */
  readonly path: string;
  /** Name of the extractor. */
  readonly kind: string;
  readonly extraction: Extraction;
  /** The distribution's package that brought the file; null where none did, or nobody knows. */
  readonly owner: string | null;
}

export interface Target {
  readonly name: string;
  readonly files: readonly ScannedFile[];
  /** Of the whole target; null where it does not say. */
  readonly distribution: Distribution | null;
  /** Kernels of the machine itself, where it is the target; null for everything else. */
  readonly kernels: readonly Kernel[] | null;
  /** Files that look like something known but could not be read. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
}
