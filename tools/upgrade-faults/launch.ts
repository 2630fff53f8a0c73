import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { FaultyDisk } from './faulty-disk.ts';

const launcher = join(import.meta.dirname, '../../deploy/agent/vedette-agent');

/** What the launcher has started. */
export interface Launch {
  readonly slot: string;
  readonly attempt: string;
  /** The identity that the runtime has printed, and the bundle it was given. */
  readonly runtime: string;
  readonly code: string;
}

/** A runtime for the launcher: it says which one it is and prints the bundle instead of running it. */
export function runtimeOf(identity: string): string {
  return `#!/bin/sh\nfor arg; do case $arg in *.mjs) bundle=$arg ;; esac; done\necho "$VEDETTE_SLOT $VEDETTE_ATTEMPT ${identity}"\ncat "$bundle"\n`;
}

/** The real launcher of the packages, in front of a simulated disk. */
export class Launcher implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'vedette-launch-'));

  /** What a package has installed. */
  install({ line, code, runtime }: { line: string; code: string; runtime: string }): void {
    const lib = join(this.#directory, 'lib');
    mkdirSync(lib, { recursive: true });
    writeFileSync(join(lib, 'release'), `${line}\n`);
    writeFileSync(join(lib, 'agent.mjs'), code);
    writeFileSync(join(lib, 'node'), runtimeOf(runtime), { mode: 0o755 });
  }

  /** Null when nothing that makes sense was started. What it counts, the disk keeps. */
  start(disk: FaultyDisk, upgrade: string): Launch | null {
    const state = join(this.#directory, 'state');
    const own = join(state, 'upgrade');
    rmSync(state, { recursive: true, force: true });
    for (const [path, content] of disk.files()) {
      const name = relative(upgrade, path);
      if (name.startsWith('..') || name.startsWith('download/')) continue;
      mkdirSync(dirname(join(own, name)), { recursive: true });
      writeFileSync(join(own, name), content, { mode: 0o755 });
    }
    // No guard: it would outlive the simulation.
    const env = {
      PATH: '/usr/bin:/bin',
      VEDETTE_LIB: join(this.#directory, 'lib'),
      VEDETTE_CONF: '/nonexistent',
      VEDETTE_STATE_DIR: state,
      VEDETTE_GUARD_SECONDS: '0',
    };
    const { stdout, status } = spawnSync('sh', [launcher, 'run'], { env, encoding: 'utf8' });
    for (const name of list(own)) if (name.startsWith('starts.')) disk.place(join(upgrade, name), readFileSync(join(own, name)));
    const [first = '', ...rest] = stdout.split('\n');
    const [slot, attempt, runtime] = first.split(' ');
    if (status !== 0 || slot === undefined || attempt === undefined || runtime === undefined) return null;
    return { slot, attempt, runtime, code: rest.join('\n') };
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
