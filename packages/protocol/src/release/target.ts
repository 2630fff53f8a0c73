import { z } from 'zod';
import { Instant } from '../ids.ts';

/** Version of a product or of content, as part of a target's name: no `/`, never `.` or `..`. */
export const ReleaseVersion = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.-]{0,63}$/);
export type ReleaseVersion = z.infer<typeof ReleaseVersion>;

/** What a program is built for: Node's names of operating system and processor. */
export const ReleasePlatform = z.string().regex(/^(linux|windows|macos)-(x64|arm64)$/);
export type ReleasePlatform = z.infer<typeof ReleasePlatform>;

/**
 * The two things an installed agent consists of: `agent`, one file of code, which changes often, and `runtime`, the Node that runs it,
 * which changes a few times a year.
 */
export const products = ['agent', 'runtime'] as const;
export const Product = z.enum(products);
export type Product = z.infer<typeof Product>;

/** Kinds of content that an agent judges with; `platform` holds the document of origins. */
export const contentKinds = ['platform', 'manifests', 'rules', 'fingerprints', 'composition', 'knowledge'] as const;
export const ContentKind = z.enum(contentKinds);
export type ContentKind = z.infer<typeof ContentKind>;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Bytes = z
  .int()
  .min(0)
  .max(1024 * 1024 * 1024);

/** The file that comes out of a target: what is written to disk and run or read. */
const Unpacked = z.object({ sha256: Sha256, length: Bytes });

/** How to get from the target's bytes to the file; RFC 8878. */
const Encoding = z.enum([
  'identity',
  /** One zstd frame with a window of at most 8 MiB. */
  'zstd',
]);

/** `custom` of a target that holds a whole program. */
export const ProgramTarget = z.object({
  kind: z.literal('program'),
  product: Product,
  version: ReleaseVersion,
  platform: ReleasePlatform,
  encoding: Encoding,
  unpacked: Unpacked,
  releasedAt: Instant,
  /** Of product `agent`: the runtime that this code was tested with. It is staged beside it and both are switched at once. */
  runtime: ReleaseVersion.optional(),
  /** Format of the state on disk that this code writes, and the oldest that it can read; see the agent's upgrade. */
  state: z.object({ writes: z.int().min(1), reads: z.int().min(1) }).optional(),
  /** Smaller ways to the same file, smallest first; each is a target of its own with `custom` of kind `delta`. */
  deltas: z
    .array(z.object({ target: z.string().max(300), fromSha256: Sha256, length: Bytes }))
    .max(16)
    .default([]),
});
export type ProgramTarget = z.infer<typeof ProgramTarget>;

/**
 * `custom` of a target that makes a new file of an old one: a zstd frame (RFC 8878) with the old file as raw-content dictionary, as
 * `zstd --patch-from` writes it.
 */
export const DeltaTarget = z.object({
  kind: z.literal('delta'),
  product: Product,
  version: ReleaseVersion,
  platform: ReleasePlatform,
  encoding: z.literal('zstd-patch'),
  from: z.object({ version: ReleaseVersion, sha256: Sha256, length: Bytes }),
  unpacked: Unpacked,
  /** Logarithm of the window that the decoder must allow (ZSTD_d_windowLogMax). */
  windowLog: z.int().min(10).max(31),
  /** What unpacking takes at least, in bytes of memory; who has less takes the whole program. */
  memoryBytes: z.int().min(0),
});
export type DeltaTarget = z.infer<typeof DeltaTarget>;

/** `custom` of a target that holds content. */
export const ContentTarget = z.object({
  kind: z.literal('content'),
  content: ContentKind,
  version: ReleaseVersion,
  encoding: Encoding,
  unpacked: Unpacked,
  releasedAt: Instant,
});
export type ContentTarget = z.infer<typeof ContentTarget>;

/** What `custom` of a target of ours may say. Unknown fields are ignored, so that a later release may say more. */
export const TargetCustom = z.discriminatedUnion('kind', [ProgramTarget, DeltaTarget, ContentTarget]);
export type TargetCustom = z.infer<typeof TargetCustom>;
