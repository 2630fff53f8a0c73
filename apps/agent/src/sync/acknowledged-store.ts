import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { fromColumns, toColumns, type FactRow } from '@vedette/protocol';
import { readFileIfPresent, writeFileAtomic } from '../state/atomic-file.ts';

/** The rows of a collector that the platform has confirmed: where the next delta starts from. */
export interface AcknowledgedState {
  /** Version of the fact. */
  readonly version: number;
  readonly sequence: number;
  readonly digest: string;
  readonly rows: readonly FactRow[];
}

/** Keeps acknowledged states. `load` gives null where there is none, or none that can be trusted. */
export interface AcknowledgedStore {
  load(collector: string): AcknowledgedState | null;
  save(collector: string, state: AcknowledgedState): void;
}

const maxFileBytes = 16 * 1024 * 1024;
const maxDocumentBytes = 64 * 1024 * 1024;
const compression = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

/** One compressed file per collector. A damaged file counts as absent: the platform then says what it has, and gets a snapshot. */
export function fileStore(stateDirectory: string): AcknowledgedStore {
  const directory = join(stateDirectory, 'acknowledged');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pathOf = (collector: string): string => join(directory, `${collector}.json.zst`);
  return {
    load(collector) {
      try {
        const file = readFileIfPresent(pathOf(collector), maxFileBytes);
        return file && decode(zstdDecompressSync(file, { maxOutputLength: maxDocumentBytes }));
      } catch {
        return null;
      }
    },
    save(collector, { rows, ...state }) {
      const document = JSON.stringify({ ...state, rows: toColumns(rows) });
      writeFileAtomic(pathOf(collector), zstdCompressSync(document, compression));
    },
  };
}

function decode(bytes: Buffer): AcknowledgedState {
  // Our own file, whole by its checksum; fromColumns checks the rows.
  const stored = JSON.parse(bytes.toString('utf8')) as Omit<AcknowledgedState, 'rows'> & {
    rows: Parameters<typeof fromColumns>[0];
  };
  return { ...stored, rows: fromColumns(stored.rows) };
}
