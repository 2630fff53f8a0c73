import { readFileSync } from 'node:fs';
import { memoryCalls, type MemoryCalls } from '@vedette/native';
import { notePeak } from './process-usage.ts';

let calls: MemoryCalls | null | undefined;
/** Lines of /proc/self/maps whose pages may be dropped, as smaps told once; null before the first look. */
let droppable: ReadonlySet<string> | null = null;

/**
 * Gives back what this process does not need to hold: free heap of the C library, and clean pages of its program and libraries,
 * which come back from the page cache when they are used. Some 60 ms the first time, a few after that; to be called after
 * work, not during it. Returns by how many bytes RSS fell; 0 where node:ffi is missing.
 */
export function trimMemory(): number {
  calls ??= memoryCalls();
  if (calls === null) return 0;
  const before = process.memoryUsage.rss();
  notePeak();
  calls.trimHeap();
  try {
    droppable ??= droppableMappings(readFileSync('/proc/self/smaps', 'utf8'));
    // Read anew each time: a range that was unmapped may by now hold somebody's data.
    const maps = `\n${readFileSync('/proc/self/maps', 'utf8')}`;
    for (const line of droppable) if (maps.includes(`\n${line}\n`)) dropMapping(calls, line);
  } catch {
    // No /proc: the heap was trimmed at least.
  }
  return Math.max(0, before - process.memoryUsage.rss());
}

/**
 * Heading lines of proc_pid_smaps(5) that name a program or shared library mapped read-only, none of whose pages was ever
 * written (`Anonymous: 0`): relocated data is not in the file and would be lost.
 */
export function droppableMappings(smaps: string): ReadonlySet<string> {
  const lines = new Set<string>();
  // Not line by line: that is long enough for V8 to load its compilers, and makes a peak of what is to lower it.
  for (const { 0: heading, index } of smaps.matchAll(/^[0-9a-f]+-[0-9a-f]+ r-[x-]p [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+ +\/.*$/gm)) {
    const label = smaps.indexOf('\nAnonymous:', index);
    const written = smaps.slice(label, smaps.indexOf('\n', label + 1));
    if (/^\nAnonymous: +0 kB$/.test(written) && isProgramOrLibrary(heading)) lines.add(heading);
  }
  return lines;
}

// Only these stay mapped as long as the process lives, so that no other thread can put something else in their place meanwhile.
function isProgramOrLibrary(heading: string): boolean {
  const path = heading.slice(heading.indexOf('/')).trimEnd();
  return path === process.execPath || /^\/.*\.so(?:\.[0-9.]+)?$/.test(path);
}

function dropMapping(native: MemoryCalls, line: string): void {
  const [, start = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line) ?? [];
  if (end === '') return;
  const address = BigInt(`0x${start}`);
  native.dropPages(address, BigInt(`0x${end}`) - address);
}
