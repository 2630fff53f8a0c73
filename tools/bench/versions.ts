import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ecosystems } from '@vedette/ecosystems';

export const name = 'versions';

/** For each measurement; long enough for the compiler to settle. */
const secondsEach = 0.25;

/** Comparisons and keys per second of each ecosystem, over the versions of its table; the median of `runs`. */
export function run({ runs = 3 }: { runs?: number } = {}): Promise<Record<string, number>> {
  const figures = Object.values(ecosystems).flatMap((ecosystem) => {
    const versions = versionsOf(ecosystem.name);
    const compare = (index: number) => ecosystem.compareVersions(at(versions, index), at(versions, index * 7 + 3));
    const key = (index: number) => ecosystem.versionKey(at(versions, index));
    return [
      [`${ecosystem.name}ComparesPerSecond`, median(runs, compare)] as const,
      [`${ecosystem.name}KeysPerSecond`, median(runs, key)] as const,
    ];
  });
  return Promise.resolve(Object.fromEntries(figures));
}

function at(versions: readonly string[], index: number): string {
  return versions[index % versions.length] ?? '0';
}

function median(runs: number, work: (index: number) => unknown): number {
  const speeds = Array.from({ length: runs }, () => speed(work)).toSorted((a, b) => a - b);
  return Math.round(speeds[Math.floor(runs / 2)] ?? 0);
}

function speed(work: (index: number) => unknown): number {
  const startedAt = performance.now();
  let done = 0;
  while (performance.now() - startedAt < secondsEach * 1000) {
    for (let round = 0; round < 1000; round += 1, done += 1) work(done);
  }
  return done / ((performance.now() - startedAt) / 1000);
}

function versionsOf(ecosystem: string): string[] {
  const file = join(import.meta.dirname, '../../packages/ecosystems/src', ecosystem, 'versions.txt');
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line) => (line === '' || line.startsWith('#') ? [] : line.split(' ').filter((_, index) => index !== 1)));
}
