import { spawn } from 'node:child_process';
import { lowerPriority } from '@vedette/native';

export interface ChildLimits {
  /** The child is killed after this time. */
  readonly timeoutMs: number;
  /** Output beyond is an error, not cut: half an answer looks like a whole one. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program, without a shell, at the lowest CPU and I/O priority, and answers what it printed. It shares the agent's control group, so
 * that its use counts there. Rejects when it cannot be started, fails, prints too much, or takes too long.
 */
export async function runChild(command: string, args: readonly string[], limits: ChildLimits): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const { timeoutMs, maxBytes, signal } = limits;
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    killSignal: 'SIGKILL',
    ...(signal ? { signal } : {}),
  });
  if (child.pid !== undefined) lowerPriority(child.pid);
  const stop = (reason: string): void => {
    reject(new Error(`${command} ${reason}`));
    child.kill('SIGKILL');
    // Its own children may hold the pipe: writing to a closed one ends them too.
    child.stdout.destroy();
  };
  const timer = setTimeout(() => stop(`took more than ${timeoutMs / 1000} s`), timeoutMs);
  const chunks: Buffer[] = [];
  let length = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else stop(`printed more than ${maxBytes} bytes`);
  });
  child.on('error', reject);
  child.on('close', (code, killedBy) => {
    if (code === 0) resolve(Buffer.concat(chunks));
    else reject(new Error(`${command} ended with ${code ?? killedBy}`));
  });
  return promise.finally(() => clearTimeout(timer));
}
