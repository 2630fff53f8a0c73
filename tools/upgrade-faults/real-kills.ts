import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dice } from '../sync-simulator/dice.ts';

const launcher = join(import.meta.dirname, '../../deploy/agent/vedette-agent');
const program = join(import.meta.dirname, 'killed-agent.ts');
const oldCode = Buffer.from('// version 1.0.0\n'.repeat(10_000));
/** The release of these runs. */
export const newCode = Buffer.from('// version 2.0.0\n'.repeat(10_000));
const mostStarts = 40;

export interface KilledRun {
  readonly kills: number;
  /** A start that was not killed and neither ended as it should. */
  readonly bricked: boolean;
  readonly end: 'old' | 'new' | 'neither';
  readonly unreported: boolean;
}

/** One upgrade by real processes on the real disk, of which some are killed (SIGKILL) at random moments, launcher included. */
export async function killedRun(seed: number): Promise<KilledRun> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-killed-'));
  try {
    prepare(directory);
    const dice = new Dice(seed);
    let kills = 0;
    for (let starts = 0; starts < mostStarts; starts += 1) {
      const killAfterMs = kills < 2 && dice.chance(0.8) ? dice.whole(0, 500) : null;
      const { code, wasKilled } = await start(directory, killAfterMs);
      if (wasKilled) kills += 1;
      else if (code === 0) return { kills, bricked: false, ...ended(directory) };
      else if (code !== 75) return { kills, bricked: true, end: 'neither', unreported: true };
    }
    return { kills, bricked: true, end: 'neither', unreported: true };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function prepare(directory: string): void {
  const lib = join(directory, 'lib');
  mkdirSync(lib);
  writeFileSync(join(lib, 'agent.mjs'), oldCode);
  writeFileSync(join(lib, 'release'), `1.0.0 ${hash('sha256', oldCode)} ${hash('sha256', 'runtime')}\n`);
  const find = 'for arg; do case $arg in *.mjs) bundle=$arg ;; esac; done';
  const run = `echo "$bundle" >'${directory}/started'; exec '${process.execPath}' --no-warnings '${program}' "$bundle" '${directory}'`;
  writeFileSync(join(lib, 'node'), `#!/bin/sh\n${find}\n${run}\n`, { mode: 0o755 });
}

async function start(directory: string, killAfterMs: number | null): Promise<{ code: number | null; wasKilled: boolean }> {
  const env = {
    PATH: '/usr/bin:/bin',
    VEDETTE_LIB: join(directory, 'lib'),
    VEDETTE_CONF: '/nonexistent',
    VEDETTE_STATE_DIR: join(directory, 'state'),
    VEDETTE_GUARD_SECONDS: '0',
  };
  const child = spawn('sh', [launcher, 'run'], { env, stdio: 'ignore' });
  const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]; // documented arguments of 'exit'
  clearTimeout(timer);
  return { code, wasKilled: signal === 'SIGKILL' };
}

function ended(directory: string): Pick<KilledRun, 'end' | 'unreported'> {
  const code = readFileSync(readFileSync(join(directory, 'started'), 'utf8').trim());
  const end = code.equals(oldCode) ? 'old' : code.equals(newCode) ? 'new' : 'neither';
  const reports = existsSync(join(directory, 'reports')) ? readFileSync(join(directory, 'reports'), 'utf8') : '';
  const outcome = end === 'new' ? 'committed' : 'rolled-back';
  return { end, unreported: !reports.trimEnd().endsWith(`2.0.0 ${outcome}`) };
}
