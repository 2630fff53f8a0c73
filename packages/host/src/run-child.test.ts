import { describe, expect, it } from 'vitest';
import { runChild } from './run-child.ts';

const limits = { timeoutMs: 10_000, maxBytes: 1000 };

describe.runIf(process.platform === 'linux')('runChild', () => {
  it('runs at the lowest CPU and I/O priority', async () => {
    // Its own child, started when the I/O class is there, which is set last: the program itself may have begun before it was lowered.
    const script =
      'until [ "$(ionice -p $$)" = idle ]; do :; done; sh -c "cut -d\\" \\" -f19,41 /proc/self/stat; ionice -p \\$\\$"';
    const [stat, ioClass] = (await runChild('sh', ['-c', script], limits)).toString().trim().split('\n');
    // proc_pid_stat(5): nice value and scheduling policy, where 5 is SCHED_IDLE.
    expect(stat).toBe('19 5');
    expect(ioClass).toBe('idle');
  });

  it.each([
    ['fails', ['-c', 'exit 3'], /ended with 3/],
    ['prints without end', ['-c', 'yes'], /more than 1000 bytes/],
  ] as const)('rejects a program that %s', async (_, args, message) => {
    await expect(runChild('sh', args, limits)).rejects.toThrow(message);
  });

  it('kills a program that takes too long', async () => {
    await expect(runChild('sleep', ['60'], { ...limits, timeoutMs: 50 })).rejects.toThrow(/more than 0.05 s/);
  });

  it('rejects a program that is not there', async () => {
    await expect(runChild('/nowhere/vedette', [], limits)).rejects.toThrow(/ENOENT/);
  });
});
