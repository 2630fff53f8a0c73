import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Path of the agent's launcher, its bundle built from the sources as they are now: inside a private copy they are read-only. */
export function agentProgram(): string {
  const program = join(import.meta.dirname, '../../../vedette-agent');
  execFileSync(program, ['version'], { stdio: ['ignore', 'ignore', 'pipe'] });
  return program;
}
