import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { PackageError } from './package-error.ts';

export interface ToolOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Debian's package that brings the tool. */
  readonly from: string;
}

/** Runs a tool and returns its stdout. Throws PackageError TOOL with the end of what it said, or with how to get it. */
export async function runTool(
  command: string,
  args: readonly string[],
  { cwd, environment, from }: ToolOptions,
): Promise<string> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', ...environment },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const ended = once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? `${command} is not installed (Debian: apt-get install ${from})` : error.message;
    throw new PackageError('TOOL', reason, { cause: error });
  });
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (child.exitCode !== 0) throw new PackageError('TOOL', `${command} failed: ${complaint.trim().slice(-2000)}`);
  return output;
}
