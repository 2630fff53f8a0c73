import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ScheduleResult } from './schedule.ts';
import { simulate, type Simulation } from './simulate.ts';

/** The same on every core. Each thread has a platform of its own; the database is one. */
export async function simulateInThreads({
  connection,
  seeds,
  onResult = () => undefined,
}: Pick<Simulation, 'connection' | 'seeds' | 'onResult'>): Promise<ScheduleResult[]> {
  const threads = Math.min(availableParallelism(), Math.ceil(seeds.length / 20));
  const parts = Array.from({ length: threads }, (_, index) => seeds.filter((_seed, at) => at % threads === index));
  const results = await Promise.all(
    parts.map(async (part) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { connection, seeds: part } });
      const found: ScheduleResult[] = [];
      worker.on('message', (result: ScheduleResult) => {
        found.push(result);
        onResult(result);
      });
      await once(worker, 'exit'); // rejects for an error in it
      return found;
    }),
  );
  return results.flat();
}

// As above.
if (!isMainThread) await simulate({ ...(workerData as Simulation), onResult: (result) => parentPort?.postMessage(result) });
