import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { StartError } from './settings.ts';

/** A process told apart from a later one with the same number by when it started. */
const Known = z.object({ pid: z.int().positive(), startTime: z.string() });
type Known = z.infer<typeof Known>;
const Running = z.object({ main: Known, children: z.array(Known) });

/** How long a process gets to end by itself; PostgreSQL's checkpoint is the longest part of it. */
const graceMs = 20_000;

/**
 * The processes of one start. They are kept in a file of the data directory, so that the next start can end what a killed one left
 * behind; each lives in a group of its own, so that Ctrl-C reaches only this process, which ends them in order.
 */
export class Children implements AsyncDisposable {
  readonly #file: string;
  readonly #data: string;
  #closed = false;
  readonly #children: { name: string; process: ChildProcess; known: Known }[] = [];

  private constructor(data: string) {
    this.#data = data;
    this.#file = join(data, 'running.json');
  }

  /** Throws StartError portInUse when another start works with the same directory. */
  static async open(data: string): Promise<Children> {
    const children = new Children(data);
    await endLeftovers(children.#file);
    children.#record();
    return children;
  }

  /** Starts a process whose stderr goes to NAME.log in the data directory; its stdout can be read. */
  start(name: string, command: readonly [string, ...string[]], environment: Record<string, string>): ChildProcess {
    if (this.#closed) throw new StartError('failure', 'stopped while starting');
    const log = openSync(join(this.#data, `${name}.log`), 'a', 0o600);
    const [program, ...args] = command;
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', log],
      detached: true,
      env: { ...process.env, ...environment },
    });
    closeSync(log);
    child.on('error', () => {}); // 'exit' follows, or there is no pid, which the next line reports
    if (child.pid === undefined) throw new StartError('failure', `${program} cannot be started`);
    this.#children.push({ name, process: child, known: { pid: child.pid, startTime: startTimeOf(child.pid) ?? '' } });
    this.#record();
    return child;
  }

  /** Ends all, the newest first: the agent before the platform it talks to. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const child of this.#children.toReversed()) {
      child.process.stdout?.destroy();
      await end(child.known);
    }
    rmSync(this.#file, { force: true });
  }

  #record(): void {
    const main = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
    writeFileSync(this.#file, JSON.stringify({ main, children: this.#children.map((child) => child.known) }), { mode: 0o600 });
  }
}

async function endLeftovers(file: string): Promise<void> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return; // the last start ended in order, or there was none
  }
  const running = Running.safeParse(parse(text));
  if (!running.success) return; // cut off while being written: the port check finds what still runs
  if (isAlive(running.data.main)) {
    throw new StartError(
      'portInUse',
      `already running with this data directory (process ${running.data.main.pid}); stop it first.`,
    );
  }
  for (const child of running.data.children.toReversed()) await end(child);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text); // checked against Running by the caller
  } catch {
    return null;
  }
}

async function end(known: Known): Promise<void> {
  if (!isAlive(known)) return;
  signal(known.pid, 'SIGTERM');
  const deadline = performance.now() + graceMs;
  while (isAlive(known)) {
    if (performance.now() > deadline) return signal(known.pid, 'SIGKILL');
    await delay(50);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in between.
  }
}

function isAlive(known: Known): boolean {
  return known.startTime !== '' && startTimeOf(known.pid) === known.startTime;
}

/** Field 22 of /proc/PID/stat (proc(5)); null for no process or a zombie. The name in field 2 may hold spaces and brackets. */
function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
