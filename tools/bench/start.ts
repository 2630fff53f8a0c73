import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const name = 'start';

interface Timings {
  readonly startMs: number;
  readonly firstFindingsMs: number;
}

/** `npm start` in a fresh clone of the last commit, and once more in the same clone. One run: it installs half a gigabyte. */
export async function run(): Promise<Record<string, number>> {
  const place = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  try {
    const clone = join(place, 'vedette');
    await promisify(execFile)('git', ['clone', '--quiet', join(import.meta.dirname, '../..'), clone]);
    const fresh = await start(clone);
    const second = await start(clone);
    return {
      freshStartMs: fresh.startMs,
      freshFirstFindingsMs: fresh.firstFindingsMs,
      secondStartMs: second.startMs,
      secondFirstFindingsMs: second.firstFindingsMs,
    };
  } finally {
    rmSync(place, { recursive: true });
  }
}

async function start(clone: string): Promise<Timings> {
  const { stdout } = await promisify(execFile)('npm', ['start', '--', '--once', '--json', '--port', '0'], { cwd: clone });
  return (JSON.parse(stdout) as { timings: Timings }).timings; // our own program's documented output
}
