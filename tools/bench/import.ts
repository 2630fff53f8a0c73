import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { databaseSource } from '../../apps/cli/src/knowledge/database-source.ts';

export const name = 'import';

const root = fileURLToPath(new URL('../..', import.meta.url));
const data = join(process.env['VEDETTE_SHARED'] ?? resolve(root, '../shared'), 'data');

/**
 * `vedette knowledge import` of all feed data at hand into one new file, as a process of its own; once, unless told otherwise, then the
 * median. GNU time measures. It starts no further processes, so its peak is all there is.
 */
export async function run(options: { runs?: number }): Promise<Record<string, number>> {
  if (!existsSync(data)) throw new Error('skipped: no feed data; set VEDETTE_SHARED');
  const results = Array.from({ length: options.runs ?? 1 }, once);
  const names = Object.keys(results[0] ?? {});
  return Object.fromEntries(names.map((figure) => [figure, median(results.map((result) => result[figure] ?? Number.NaN))]));
}

function once(): Record<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  const file = join(folder, 'knowledge.db');
  try {
    const words = ['-f', '%e %U %S %M', join(root, 'vedette'), 'knowledge', 'import', data, '--out', file, '--json'];
    const { status, stdout, stderr } = spawnSync('/usr/bin/time', words, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
    const measured = stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
    const [seconds = Number.NaN, user = Number.NaN, system = Number.NaN, kilobytes = Number.NaN] = measured;
    if (status !== 0 || !Number.isFinite(kilobytes)) throw new Error(`the import failed: ${stderr}`);
    const { bytes, feeds } = JSON.parse(stdout) as { bytes: number; feeds: readonly { records: number }[] }; // our own program's
    const source = databaseSource(file);
    const { advisories, statements, vulnerabilities } = source.state();
    source.close();
    return {
      wallSeconds: seconds,
      cpuSeconds: user + system,
      peakRssMiB: kilobytes / 1024,
      outputMB: bytes / 1e6,
      feeds: feeds.length,
      records: feeds.reduce((sum, feed) => sum + feed.records, 0),
      advisories,
      statements,
      vulnerabilities,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
