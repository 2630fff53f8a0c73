import { mkdtempSync, rmSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PoolConfig } from 'pg';
import { Schedule, type ScheduleResult } from './schedule.ts';
import type { BrokenRule } from './simulated-machine.ts';
import { SimulatedPlatform } from './simulated-platform.ts';

export interface Simulation {
  readonly connection: PoolConfig;
  readonly seeds: readonly number[];
  /** Prints every event. */
  readonly log?: (text: string) => void;
  readonly broken?: BrokenRule;
}

const atOnce = 6;

/** Runs the schedules of these seeds, several at a time. Results come in the order in which they end. */
export async function simulate({ connection, seeds, log = () => undefined, broken }: Simulation): Promise<ScheduleResult[]> {
  const folder = mkdtempSync(join(await memoryFolder(), 'vedette-simulator-'));
  await using platform = await SimulatedPlatform.start(connection);
  const results: ScheduleResult[] = [];
  const left = seeds.values();
  const work = async (): Promise<void> => {
    for (const seed of left) results.push(await new Schedule(seed, platform, { folder, log, broken }).run());
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, seeds.length) }, work));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return results;
}

export function hasFailed({ lost, ghost, duplicate, unequal }: ScheduleResult): boolean {
  return lost + ghost + duplicate + unequal > 0;
}

/** Disks of simulated machines live in memory where there is such a place: nothing has to outlive this process. */
async function memoryFolder(): Promise<string> {
  return access('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );
}
