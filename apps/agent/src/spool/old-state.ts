import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fromColumns } from '@vedette/protocol';
import { readFileIfPresent } from '../state/atomic-file.ts';
import { unpackText } from './packed.ts';
import type { AcknowledgedState } from './spool.ts';

/** Agents before 0.2 kept acknowledged rows in one compressed file per collector. */
const folder = 'acknowledged';
const suffix = '.json.zst';
const maxFileBytes = 16 * 1024 * 1024;

/** By collector; a damaged file counts as absent. */
export function readOldState(stateDirectory: string): ReadonlyMap<string, AcknowledgedState> {
  const states = new Map<string, AcknowledgedState>();
  for (const name of oldFiles(stateDirectory)) {
    try {
      const file = readFileIfPresent(join(stateDirectory, folder, name), maxFileBytes);
      // Our own file, whole by its checksum; fromColumns checks the rows.
      const { version, sequence, digest, rows } = JSON.parse(unpackText(file)) as Omit<AcknowledgedState, 'rows'> & {
        rows: Parameters<typeof fromColumns>[0];
      };
      states.set(basename(name, suffix), { version, sequence, digest, rows: fromColumns(rows) });
    } catch {
      // The platform then says what it has, and gets a snapshot.
    }
  }
  return states;
}

export function removeOldState(stateDirectory: string): void {
  rmSync(join(stateDirectory, folder), { recursive: true, force: true });
}

function oldFiles(stateDirectory: string): string[] {
  try {
    return readdirSync(join(stateDirectory, folder)).filter((name) => name.endsWith(suffix));
  } catch {
    return [];
  }
}
