import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { realDisk } from '../../apps/agent/src/upgrade/disk.ts';
import { Slots } from '../../apps/agent/src/upgrade/slots.ts';

const deploy = join(import.meta.dirname, '../../deploy/agent');
const longestMs = 180_000;

/** Seconds from the first start of a version that fails until the one before it runs again, with the launcher and supervisor of the packages. */
export async function rollBackSeconds(fault: 'crashes' | 'hangs'): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-roll-back-'));
  const lib = join(directory, 'lib');
  for (const name of ['lib', 'run', 'state']) mkdirSync(join(directory, name));
  const line = `1.0.0 ${hash('sha256', 'old')} ${hash('sha256', 'runtime')}`;
  writeFileSync(join(lib, 'release'), `${line}\n`);
  writeFileSync(join(lib, 'agent.mjs'), 'old');
  // Each start notes when it was; the old version stays, the new one fails.
  const bad = fault === 'crashes' ? 'exit 1' : 'exec sleep 1000';
  const script = `date +%s.%N >>"${directory}/started.$VEDETTE_SLOT"; [ "$VEDETTE_SLOT" = base ] || ${bad}; exec sleep 1000`;
  writeFileSync(join(lib, 'node'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const upgrade = join(directory, 'state/upgrade');
  mkdirSync(join(upgrade, 'download'), { recursive: true });
  writeFileSync(join(upgrade, 'download/code'), 'new');
  const [code, runtime] = [hash('sha256', 'old'), hash('sha256', 'runtime')];
  const slots = new Slots({ disk: realDisk, directory: upgrade, base: { version: '1.0.0', code, runtime, line }, now: () => '' });
  const content = { version: '2.0.0', code: hash('sha256', 'new'), runtime };
  slots.beginTrial(slots.stage(content, { code: join(upgrade, 'download/code'), runtime: null }), content, 'first');
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    VEDETTE_LIB: lib,
    VEDETTE_CONF: join(directory, 'none'),
    VEDETTE_STATE_DIR: join(directory, 'state'),
    VEDETTE_RUN_DIR: join(directory, 'run'),
    VEDETTE_LOG_FILE: join(directory, 'log'),
    VEDETTE_AGENT: join(deploy, 'vedette-agent'),
  };
  const supervise = (action: string): void => void execFileSync(join(deploy, 'supervise'), [action], { env, stdio: 'ignore' });
  /** Null also while the line is being written. */
  const firstStart = (slot: string): number | null => {
    const file = join(directory, `started.${slot}`);
    return (existsSync(file) && Number(readFileSync(file, 'utf8').split('\n')[0])) || null;
  };
  try {
    supervise('start');
    for (let waited = 0; waited < longestMs; waited += 200) {
      const [failing, old] = [firstStart('a'), firstStart('base')];
      if (failing !== null && old !== null) return old - failing;
      await delay(200);
    }
    return Infinity;
  } finally {
    supervise('stop');
    rmSync(directory, { recursive: true, force: true });
  }
}
