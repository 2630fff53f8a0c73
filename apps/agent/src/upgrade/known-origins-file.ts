import { join } from 'node:path';
import type { Origins as OriginsDocument } from '@vedette/protocol';
import { type Disk, replaceFile } from './disk.ts';
import type { OriginStanding } from './origins/origins.ts';

/** The signed list of origins as it was last seen, and which of them was good. */
export interface KnownOrigins {
  /** SHA-256 of the target that the list came with; empty before. */
  readonly sha256: string;
  readonly document: OriginsDocument | null;
  readonly lastGood: string | null;
  /** Since when it is that one without a break: RFC 3339; absent in files of earlier versions. */
  readonly lastGoodSince?: string | null;
  /** How they did in the last run, for `status`. */
  readonly standings: readonly OriginStanding[];
}

const fileName = 'origins.json';
const maxFileBytes = 512 * 1024;
const nothing: KnownOrigins = { sha256: '', document: null, lastGood: null, standings: [] };

export function readKnownOrigins(disk: Disk, directory: string): KnownOrigins {
  try {
    const found = disk.read(join(directory, fileName), maxFileBytes);
    return found ? (JSON.parse(found.toString('utf8')) as KnownOrigins) : nothing; // our own file; its document was checked when it came
  } catch {
    return nothing;
  }
}

export function saveKnownOrigins(disk: Disk, directory: string, known: KnownOrigins): void {
  replaceFile(disk, join(directory, fileName), JSON.stringify(known));
}
