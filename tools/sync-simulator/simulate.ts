import { mkdtempSync, rmSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PoolConfig } from 'pg';
import { maxSettlingTurns, Schedule, type ScheduleResult } from './schedule.ts';
import type { BrokenRule } from './simulated-machine.ts';
import { SimulatedPlatform } from './simulated-platform.ts';

export interface Simulation {
  readonly connection: PoolConfig;
  readonly seeds: readonly number[];
  /** Prints every event. */
  readonly log?: (text: string) => void;
  /** Hears of every schedule that ended. */
  readonly onResult?: (result: ScheduleResult) => void;
  readonly broken?: BrokenRule;
}

const lanes = 4;

/** Runs the schedules of these seeds, several at a time. Results come in the order in which they end. */
export async function simulate({
  connection,
  seeds,
  log = () => undefined,
  onResult = () => undefined,
  broken,
}: Simulation): Promise<ScheduleResult[]> {
  const folder = mkdtempSync(join(await memoryFolder(), 'vedette-simulator-'));
  const used = Math.min(lanes, seeds.length);
  await using platform = await SimulatedPlatform.start(connection, {
    lanes: used,
    heedsNumbers: broken !== 'heeds numbers of documents',
  });
  const results: ScheduleResult[] = [];
  const left = seeds.values();
  const work = async (lane: number): Promise<void> => {
    for (const seed of left) {
      const result = await new Schedule(seed, platform, { folder, log, broken, lane }).run();
      results.push(result);
      onResult(result);
    }
  };
  try {
    await Promise.all(Array.from({ length: used }, (_, lane) => work(lane)));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return results;
}

export function hasFailed({ lost, ghost, duplicate, unequal, turnsToSettle }: ScheduleResult): boolean {
  return lost + ghost + duplicate + unequal > 0 || turnsToSettle >= maxSettlingTurns;
}

/** Disks of simulated machines live in memory where there is such a place: nothing has to outlive this process. */
async function memoryFolder(): Promise<string> {
  return access('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );
}
