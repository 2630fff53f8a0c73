import { geteuid, pid } from 'node:process';
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '../errors.ts';
import { fine, problem, type Finding } from './finding.ts';

/** The spool and its copy while it is written. */
const leastFreeBytes = 128 * 1024 * 1024;

/** What the agent needs of its own machine: a state directory that is its own and takes files, and room. */
export function diagnoseHost(stateDirectory: string): Finding[] {
  try {
    return diagnoseDirectory(stateDirectory);
  } catch (error) {
    const detail = `${stateDirectory} cannot be looked at: ${describeError(error)}`;
    return [problem('state', detail, 'Run this as the user that the agent runs as (root).')];
  }
}

function diagnoseDirectory(stateDirectory: string): Finding[] {
  const found = statSync(stateDirectory, { throwIfNoEntry: false });
  if (!found)
    return [problem('state', `${stateDirectory} does not exist`, 'It is made by `vedette-agent enroll` or `run`, as root.')];
  if (!found.isDirectory()) return [problem('state', `${stateDirectory} is not a directory`, 'Move it away.')];
  const self = geteuid?.() ?? found.uid;
  if (found.uid !== self)
    return [
      problem('state', `${stateDirectory} belongs to user ${found.uid}, this is user ${self}`, `Run this as user ${found.uid}.`),
    ];
  return [writable(stateDirectory), space(stateDirectory)];
}

function writable(stateDirectory: string): Finding {
  const probe = join(stateDirectory, `.doctor-${pid}`);
  try {
    writeFileSync(probe, 'probe', { flag: 'wx', mode: 0o600 });
    return fine('state', `${stateDirectory} can be written`);
  } catch (error) {
    const remedy = 'Mount it for writing and free some room; until then the agent keeps its state in memory only.';
    return problem('state', `${stateDirectory} cannot be written: ${describeError(error)}`, remedy);
  } finally {
    rmSync(probe, { force: true });
  }
}

function space(stateDirectory: string): Finding {
  const { bavail, bsize } = statfsSync(stateDirectory);
  const free = bavail * bsize;
  const detail = `${Math.floor(free / 1e6)} MB are free below ${stateDirectory}`;
  if (free >= leastFreeBytes) return fine('disk', detail);
  return problem('disk', detail, `Free some room: the agent wants ${Math.ceil(leastFreeBytes / 1e6)} MB.`);
}
