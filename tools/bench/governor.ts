import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { facts, numberSettings } from '@vedette/protocol';
import { agentProgram, eventually } from '@vedette/testkit';
import { StubServer } from '../../apps/agent/src/testing/stub-server.ts';
import { ownCpuGroup } from './parts/own-cpu-group.ts';
import { processFigures } from './parts/process-figures.ts';

export const name = 'governor';
export const options = { pairs: 'pairs of runs with and without the agent; 5 by default' };

interface Run {
  readonly seconds: number;
  readonly agentCpuSeconds: number;
  /** Full inventories that were acknowledged while the work went on. */
  readonly inventories: number;
}

/** Percent by which the work took longer with the agent: of each pair of runs, one after the other. */
interface SlowDown {
  readonly medianPercent: number;
  readonly lowerQuartilePercent: number;
  readonly upperQuartilePercent: number;
  /** What the agent took of all CPUs while the work went on: as much as it can slow it down by its CPU time, free of other noise. */
  readonly agentSharePercent: number;
  readonly inventories: number;
}

const runSeconds = 8;
const longestSeconds = 165;
const settleMs = 3_000;
const workers = 2;
const keys = new Map(Object.entries(facts).map(([collector, { key }]) => [collector, key]));

/**
 * A compile that takes every CPU, with and without the agent doing a full inventory meanwhile; then with every setting at its
 * maximum and one inventory after the other. Runs are paired and interleaved, because the machine's speed drifts, and as root they
 * outweigh all other work on the machine (`outweighs`).
 */
export async function run({ pairs = 5 }: { pairs?: number } = {}): Promise<object> {
  const startedAt = performance.now();
  using group = ownCpuGroup();
  const directory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  try {
    const files = await makeWork(directory);
    const work = (): Promise<void> => compileAll(directory, files);
    const deadline = (share: number): number => startedAt + longestSeconds * 1000 * share;
    const usual = await measure({ directory, work, pairs, isMaximum: false, deadline: deadline(0.6) });
    const maximum = await measure({ directory, work, pairs: Math.ceil(pairs * 0.6), isMaximum: true, deadline: deadline(1) });
    const { pairs: usualPairs, ...usualFigures } = usual;
    return { outweighs: group !== null, files, pairs: usualPairs, usual: usualFigures, maximum };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface Plan {
  readonly directory: string;
  readonly work: () => Promise<void>;
  readonly pairs: number;
  readonly isMaximum: boolean;
  /** No pair begins after, but one is always measured. */
  readonly deadline: number;
}

async function measure({ directory, work, pairs, isMaximum, deadline }: Plan) {
  await using agent = await RunningAgent.start(join(directory, isMaximum ? 'maximum' : 'usual'), isMaximum);
  const found: { without: Run; withAgent: Run }[] = [];
  while (found.length < pairs && (found.length === 0 || performance.now() + 2 * runSeconds * 1000 < deadline)) {
    const both = { without: null as Run | null, withAgent: null as Run | null };
    // Every other pair the other way round: neither side shall always come first.
    const order = found.length % 2 === 0 ? (['without', 'withAgent'] as const) : (['withAgent', 'without'] as const);
    for (const side of order)
      both[side] = side === 'without' ? await agent.whileStopped(work) : await agent.whileScanning(work, isMaximum);
    if (both.without && both.withAgent) found.push({ without: both.without, withAgent: both.withAgent });
  }
  const slow = found.map(({ without, withAgent }) => 100 * (withAgent.seconds / without.seconds - 1));
  const share = found.map(({ withAgent }) => (100 * withAgent.agentCpuSeconds) / (workers * withAgent.seconds));
  const slowDown: SlowDown = {
    medianPercent: quantile(slow, 0.5),
    lowerQuartilePercent: quantile(slow, 0.25),
    upperQuartilePercent: quantile(slow, 0.75),
    agentSharePercent: quantile(share, 0.5),
    inventories: found.reduce((sum, { withAgent }) => sum + withAgent.inventories, 0),
  };
  const times = {
    withoutSeconds: quantile(
      found.map(({ without }) => without.seconds),
      0.5,
    ),
    withSeconds: quantile(
      found.map(({ withAgent }) => withAgent.seconds),
      0.5,
    ),
  };
  return { pairs: found.length, ...times, ...slowDown };
}

/** The real agent against a platform of its own, stopped by SIGSTOP where it shall not be there. */
class RunningAgent implements AsyncDisposable {
  readonly #stub: StubServer;
  readonly #child: ChildProcess;
  onCheckIn: () => void = () => undefined;

  private constructor(stub: StubServer, child: ChildProcess) {
    this.#stub = stub;
    this.#child = child;
  }

  static async start(stateDirectory: string, isMaximum: boolean): Promise<RunningAgent> {
    const box: { agent: RunningAgent | null } = { agent: null };
    const stub = await StubServer.start({
      keys,
      schedule: { checkInSeconds: 3600, fullScanSeconds: 4 * 3600 },
      onCheckIn: () => box.agent?.onCheckIn(),
    });
    const settings = `${stateDirectory}.json`;
    const maximum = Object.fromEntries(Object.entries(numberSettings).map(([setting, { max }]) => [setting, max]));
    writeFileSync(settings, JSON.stringify(isMaximum ? maximum : {}));
    const environment = {
      VEDETTE_PLATFORM: stub.url.origin,
      VEDETTE_ACTIVATION_KEY: 'benchmark',
      VEDETTE_STATE_DIR: stateDirectory,
      VEDETTE_SETTINGS_FILE: settings,
    };
    const child = spawn(agentProgram(), ['run'], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await eventually('the first check-in', 60_000, () => (stub.checkIns.length > 0 ? true : null));
    box.agent = new RunningAgent(stub, child);
    return box.agent;
  }

  async whileStopped(work: () => Promise<void>): Promise<Run> {
    this.#child.kill('SIGSTOP');
    const run = await this.#timed(work);
    this.#child.kill('SIGCONT');
    // It catches up with what happened meanwhile; that belongs to neither side.
    await delay(settleMs);
    return run;
  }

  /** One full inventory from the start on, or one after the other until the work is done. */
  async whileScanning(work: () => Promise<void>, isRepeated: boolean): Promise<Run> {
    let isWorking = true;
    let inventories = 0;
    this.onCheckIn = () => {
      if (!isWorking) return;
      inventories += 1;
      if (isRepeated) this.#child.kill('SIGUSR2');
    };
    const run = await this.#timed(async () => {
      this.#child.kill('SIGUSR2');
      await work();
    });
    isWorking = false;
    return { ...run, inventories };
  }

  async #timed(work: () => Promise<void>): Promise<Run> {
    const pid = this.#child.pid ?? 0;
    const before = processFigures(pid).cpuSeconds;
    const startedAt = performance.now();
    await work();
    const seconds = (performance.now() - startedAt) / 1000;
    return { seconds, agentCpuSeconds: processFigures(pid).cpuSeconds - before, inventories: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
    await this.#stub[Symbol.asyncDispose]();
  }
}

/** As many compiles of one file as take the machine some ten seconds; answers how many. */
async function makeWork(directory: string): Promise<number> {
  const functions = Array.from({ length: 40 }, (_, index) => {
    const steps = Array.from(
      { length: 8 },
      (__, step) => `x = x * ${index + step + 1.5} + sin(y) / (i + ${step + 1}); y += x > ${step} ? z[i % 7] : -x;`,
    );
    return `double f${index}(double x, double y, const double *z, int n) { for (int i = 0; i < n; i++) { ${steps.join(' ')} } return x + y; }`;
  });
  writeFileSync(join(directory, 'work.c'), `double sin(double);\n${functions.join('\n')}\n`);
  await compile(directory); // warms the page cache
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: workers }, () => compile(directory)));
  const seconds = (performance.now() - startedAt) / 1000;
  return Math.max(workers, workers * Math.round(runSeconds / seconds));
}

async function compileAll(directory: string, files: number): Promise<void> {
  let left = files;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await compile(directory);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

async function compile(directory: string): Promise<void> {
  // To assembler and no further: temporary files would measure the disk.
  await promisify(execFile)('gcc', ['-O2', '-S', '-o', '/dev/null', join(directory, 'work.c')]);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low = 0, high = 0] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at % 1);
}
