import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// cgroups(7): where version 1 and version 2 keep what a group weighs against others, and the most each takes.
const weights = [
  { root: '/sys/fs/cgroup/cpu', file: 'cpu.shares', most: 262_144 },
  { root: '/sys/fs/cgroup', file: 'cpu.weight', most: 10_000 },
];

/**
 * Puts this process and all it starts into a control group that outweighs everything else, so that other work on the machine does not
 * disturb what is measured; inside, all compete as usual. To dispose of it undoes that. Null where the system has none or refuses.
 */
export function ownCpuGroup(): Disposable | null {
  for (const { root, file, most } of weights) {
    const group = join(root, `vedette-bench-${process.pid}`);
    if (!existsSync(join(root, 'cgroup.procs'))) continue;
    try {
      mkdirSync(group);
      writeFileSync(join(group, file), String(most));
      writeFileSync(join(group, 'cgroup.procs'), '0');
      return { [Symbol.dispose]: () => leave(root, group) };
    } catch {
      leave(root, group);
    }
  }
  return null;
}

function leave(root: string, group: string): void {
  if (!existsSync(group)) return;
  for (const pid of readFileSync(join(group, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean)) {
    writeFileSync(join(root, 'cgroup.procs'), pid);
  }
  rmdirSync(group);
}
