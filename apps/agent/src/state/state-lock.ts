import { pid as ownPid } from 'node:process';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../errors.ts';

/** Where process identities come from: a process id alone is reused, with its start time it is not. */
export type StartTimeOf = (pid: number) => string | null;

/**
 * One process per state directory. The lock file names the process by id and start time, so that what a killed process (or one of
 * before the last boot) left behind is taken over.
 */
export class StateLock implements Disposable {
  readonly #path: string;
  readonly #owner: string;

  private constructor(path: string, owner: string) {
    this.#path = path;
    this.#owner = owner;
  }

  /** Throws AgentError LOCKED when a living process holds the directory. */
  static acquire(directory: string, startTimeOf: StartTimeOf = linuxStartTime): StateLock {
    const path = join(directory, 'lock');
    const owner = `${ownPid} ${startTimeOf(ownPid) ?? '0'}\n`;
    const own = `${path}.${ownPid}`;
    writeFileSync(own, owner, { mode: 0o600 });
    try {
      for (let attempt = 0; attempt < 5; attempt++) {
        if (tryLink(own, path)) return new StateLock(path, owner);
        const holder = lockHolder(directory, startTimeOf);
        if (holder !== null) throw new AgentError('LOCKED', `the agent already runs on ${directory} (process ${holder})`);
        setAside(path, `${own}.stale`, startTimeOf);
      }
    } finally {
      rmSync(own, { force: true });
    }
    throw new AgentError('LOCKED', `another process is starting on ${directory}`);
  }

  [Symbol.dispose](): void {
    if (readOwner(this.#path) === this.#owner) rmSync(this.#path, { force: true });
  }
}

/** The living process that holds the directory; null when there is none. */
export function lockHolder(directory: string, startTimeOf: StartTimeOf = linuxStartTime): number | null {
  return livingOwner(readOwner(join(directory, 'lock')), startTimeOf);
}

/** Moves a stale lock away. What is moved may be a fresh lock of a process that was faster: then it is put back. */
function setAside(path: string, aside: string, startTimeOf: StartTimeOf): void {
  try {
    renameSync(path, aside);
    if (livingOwner(readOwner(aside), startTimeOf) !== null) tryLink(aside, path);
    rmSync(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** link(2) fails when the name exists, and the file appears with its content: no moment with an empty lock. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function livingOwner(owner: string, startTimeOf: StartTimeOf): number | null {
  const [, pid, startTime] = /^(\d{1,10}) (\d{1,20})\n$/.exec(owner) ?? [];
  return pid !== undefined && startTimeOf(Number(pid)) === startTime ? Number(pid) : null;
}

/** Field 22 of /proc/PID/stat, clock ticks since boot (proc_pid_stat(5)); null when there is no such process. */
function linuxStartTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the name in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
