import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ScheduleResult } from './schedule.ts';
import { simulate, type Simulation } from './simulate.ts';

/** The same on every core. Each thread has a platform of its own; the database is one. */
export async function simulateInThreads({
  connection,
  seeds,
}: Pick<Simulation, 'connection' | 'seeds'>): Promise<ScheduleResult[]> {
  const threads = Math.min(availableParallelism(), Math.ceil(seeds.length / 20));
  const parts = Array.from({ length: threads }, (_, index) => seeds.filter((_seed, at) => at % threads === index));
  const results = await Promise.all(
    parts.map(async (part) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { connection, seeds: part } });
      const [found] = (await once(worker, 'message')) as [ScheduleResult[]]; // what the last line of this file posts
      return found;
    }),
  );
  return results.flat();
}

if (!isMainThread) parentPort?.postMessage(await simulate(workerData as Simulation)); // as above
