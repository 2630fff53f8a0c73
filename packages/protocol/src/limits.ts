/**
 * Ceilings for everything that arrives from outside. Both sides use the same numbers: the sender stays below them, the
 * receiver refuses what is above.
 */
const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  /** A request body of an agent as it travels (compressed). */
  agentBodyBytes: 4 * MiB,
  /** The same after decompression: what a hostile agent may make the platform unpack and parse, which keeps all others waiting. */
  agentDocumentBytes: 8 * MiB,
  /** A request to enroll, also after decompression: anybody may send one. */
  enrollDocumentBytes: 64 * KiB,
  /** Rows of one collector in one document. */
  rowsPerDocument: 50_000,
  /** Rows times columns of one document: few bytes on the wire may claim many rows. */
  cellsPerDocument: 500_000,
  /** Columns of one document; a schema of ours has about ten. */
  columnsPerDocument: 64,
  /** Any single text value of a row. */
  rowTextChars: 4096,
  /** A body of the public API. */
  apiBodyBytes: 1 * MiB,
  /** One page of a list of the public API. */
  pageSize: 500,
  /** One feed file as fetched, and after decompression. */
  feedFileBytes: 256 * MiB,
  feedDocumentBytes: 1024 * MiB,
  /** An archive of many feed files after decompression, on disk. */
  feedArchiveBytes: 4096 * MiB,
  /** How far an agent's signature may lie from the platform's clock, in seconds. */
  signatureAgeSeconds: 300,
  /** The same for documents that a relay kept while the platform was away. */
  heldSignatureAgeSeconds: 3 * 86_400,
} as const;
