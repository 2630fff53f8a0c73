import { arch, versions } from 'node:process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReleasePlatform } from '@vedette/protocol';
import type { Environment } from '../config.ts';
import { type Disk, realDisk } from './disk.ts';
import { type BaseRelease, type Running, Slots } from './slots.ts';
import type { SlotName } from './upgrade-state.ts';

/** An agent that its launcher has started from a package or a slot; only such a one can upgrade itself. */
export interface Installation {
  readonly slots: Slots;
  readonly running: Running;
  readonly platform: ReleasePlatform;
  /** Version of the runtime that runs this. */
  readonly runtimeVersion: string;
  /** `upgrade` in the state directory. */
  readonly directory: string;
  /** Where the package's code and runtime are. */
  readonly lib: string;
  readonly disk: Disk;
}

/** What the launcher says in the environment; null for an agent that was started some other way, as from a checkout. */
export function findInstallation(stateDirectory: string, environment: Environment): Installation | null {
  const { VEDETTE_LIB: lib, VEDETTE_SLOT: slot, VEDETTE_ATTEMPT: attempt = 'none' } = environment;
  if (lib === undefined || (slot !== 'base' && slot !== 'a' && slot !== 'b')) return null;
  const base = readRelease(join(lib, 'release'));
  const directory = join(stateDirectory, 'upgrade');
  if (base === null) return null;
  return {
    slots: new Slots({ disk: realDisk, directory, base, now: () => new Date().toISOString() }),
    running: { slot, attempt },
    platform: arch === 'arm64' ? 'linux-arm64' : 'linux-x64',
    runtimeVersion: versions.node,
    directory,
    lib,
    disk: realDisk,
  };
}

/** Path of a file of a slot: its own, or the package's where it has none. */
export function fileOf({ directory, lib, disk }: Installation, slot: SlotName, name: 'agent.mjs' | 'node'): string {
  const own = join(directory, 'slots', slot, name);
  return slot !== 'base' && disk.size(own) !== null ? own : join(lib, name);
}

/** `VERSION SHA-256-OF-CODE SHA-256-OF-RUNTIME`, as tools/package writes it; null for anything else. */
function readRelease(path: string): BaseRelease | null {
  try {
    const [line = ''] = readFileSync(path, 'latin1').split('\n');
    const [, version, code, runtime] = /^(\S{1,64}) ([0-9a-f]{64}) ([0-9a-f]{64})$/.exec(line) ?? [];
    return version === undefined || code === undefined || runtime === undefined ? null : { line, version, code, runtime };
  } catch {
    return null;
  }
}
