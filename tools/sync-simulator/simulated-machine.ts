import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { agentPaths, canonicalRow, dpkgFact, type FactRow, userFact } from '@vedette/protocol';
import { connect, type Connection } from '../../apps/agent/src/connect.ts';
import { readConfig } from '../../apps/agent/src/config.ts';
import { enroll, introduction } from '../../apps/agent/src/enrollment/enroll.ts';
import { loadIdentity, type Identity } from '../../apps/agent/src/enrollment/identity.ts';
import { readMachine } from '../../apps/agent/src/enrollment/machine.ts';
import { reenroll } from '../../apps/agent/src/enrollment/reenroll.ts';
import { AgentError } from '../../apps/agent/src/errors.ts';
import type { HttpReply } from '../../apps/agent/src/transport/http-exchange.ts';
import { parseCheckInReply } from '../../apps/agent/src/transport/replies.ts';
import { PowerLost, type PowerSupply } from './power-loss.ts';
import type { Request } from './simulated-platform.ts';

/** Rows of one collector by the text of their key. */
export type Rows = ReadonlyMap<string, FactRow>;
export type Facts = Readonly<Record<'user' | 'dpkg', Rows>>;

/** Measuring it would take longer than all the rest of a turn. */
const consumption = { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 };
const observed = { user: userFact, dpkg: dpkgFact };

/** A rule that agents (the last one: the platform) break on purpose, to see that the simulator notices. */
export type BrokenRule = 'sends what a check-in asks for' | 'says which machine it is' | 'heeds numbers of documents';

export interface MachineWorld {
  readonly broken?: BrokenRule | undefined;
  readonly folder: string;
  readonly activationKey: string;
  /** The world's time, which no machine knows exactly; milliseconds. */
  readonly now: () => number;
  readonly exchange: (request: Request, kill: () => void) => Promise<HttpReply>;
  readonly log: (text: string) => void;
  readonly power: PowerSupply;
  /** A number that was never given before. */
  readonly count: () => number;
}

/** What a machine's disk held at a moment. */
interface DiskImage {
  readonly folder: string;
  readonly facts: Facts;
  readonly seen: ReadonlySet<string>;
  readonly uptimeMs: number;
  readonly bootId: string;
}

interface AgentProcess {
  readonly connection: Connection;
  isKilled: boolean;
  hasNoPower: boolean;
  ticket: string | null;
}

/** A host with the real agent on it: its spool and keys on a real disk, its collectors, clock and boots simulated. */
export class SimulatedMachine {
  readonly name: string;
  readonly isClone: boolean;
  hardware: string;
  facts: Facts;
  /** Every row that was ever true here, as text: what may stand in the asset's history. */
  readonly seen: Set<string>;
  /** Last check-in that was answered as the asset's, in world time. */
  heardAt = 0;
  /** How far its own clock is off, in milliseconds. */
  clockErrorMs = 0;
  isDiskFull = false;
  readonly #world: MachineWorld;
  #folder: string;
  #bootId: string;
  #bootedAt: number;
  #process: AgentProcess | null = null;
  #isHeld = false;

  constructor(world: MachineWorld, parts: { hardware: string; from?: DiskImage }) {
    this.#world = world;
    this.name = `m${world.count()}`;
    this.hardware = parts.hardware;
    this.isClone = parts.from !== undefined;
    this.facts = parts.from?.facts ?? { user: new Map(), dpkg: new Map() };
    this.seen = new Set(parts.from?.seen);
    this.#folder = this.#newFolder(parts.from?.folder);
    this.#bootId = `boot-${world.count()}`;
    this.#bootedAt = world.now();
  }

  get identity(): Identity | null {
    return loadIdentity(this.#folder);
  }

  get isQuiet(): boolean {
    return !this.#isHeld && this.#process?.connection.engine.hasPending === false;
  }

  /** Digests as the agent would report them. */
  digests(): ReadonlyMap<string, string> {
    return new Map(this.#process?.connection.engine.states().map(({ name, digest }) => [name, digest]));
  }

  set(collector: keyof Facts, key: string, row: FactRow | null): void {
    const rows = new Map(this.facts[collector]);
    if (row === null) rows.delete(key);
    else rows.set(key, row);
    if (row !== null) this.seen.add(canonicalRow(row));
    this.facts = { ...this.facts, [collector]: rows };
  }

  /** Kills the process. What the next one finds is what was committed, its journal not yet folded in. */
  kill(): void {
    const process = this.#process;
    if (!process) return;
    this.#process = null;
    const copy = this.#newFolder(this.#folder);
    if (process.hasNoPower) this.#world.power.tear(copy);
    process.connection[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true });
    this.#folder = copy;
  }

  reboot(): void {
    this.kill();
    this.#bootId = `boot-${this.#world.count()}`;
    this.#bootedAt = this.#world.now();
  }

  image(): DiskImage {
    const uptimeMs = this.#world.now() - this.#bootedAt;
    return { folder: this.#newFolder(this.#folder), facts: this.facts, seen: new Set(this.seen), uptimeMs, bootId: this.#bootId };
  }

  /** The disk goes back to an earlier moment; `live`: the running system with it. */
  restore(image: DiskImage, live: boolean): void {
    this.kill();
    rmSync(this.#folder, { recursive: true });
    this.#folder = this.#newFolder(image.folder);
    this.facts = image.facts;
    this.#bootId = live ? image.bootId : `boot-${this.#world.count()}`;
    this.#bootedAt = this.#world.now() - (live ? image.uptimeMs : 0);
  }

  /** One turn of the agent: starts it where it does not run, collects, sends, checks in. */
  async turn(): Promise<void> {
    try {
      const process = (this.#process ??= await this.#start());
      this.#collect(process);
      await this.#talk(process).catch((error: unknown) => this.#note(error));
      if (process.ticket !== null && !process.isKilled) await this.#becomeOwnAsset(process.ticket, process);
    } catch (error) {
      this.#note(error);
    }
    if (this.#process?.hasNoPower) this.reboot();
    if (this.#process?.isKilled) this.kill();
  }

  #note(error: unknown): void {
    if (error instanceof PowerLost && this.#process) return void (this.#process.hasNoPower = true);
    if (!(error instanceof AgentError)) throw error;
    this.#world.log(`  ${this.name}: ${error.message}`);
  }

  async #talk({ connection: { engine, client } }: AgentProcess): Promise<void> {
    if (engine.hasPending) await engine.sync();
    const sentAt = new Date(this.#clock()).toISOString();
    const message = { agentVersion: '0.2.0', sentAt, collectors: engine.states(), consumption };
    const reply = parseCheckInReply(await client.post(agentPaths.checkIn, message));
    this.#isHeld = reply.held === true;
    if (!reply.reenroll && !reply.held) this.heardAt = this.#world.now();
    if (this.#world.broken === 'sends what a check-in asks for') return;
    for (const name of reply.resend) engine.requestSnapshot(name);
  }

  /** As the agent does it: with a new key, and then from the start. */
  async #becomeOwnAsset(ticket: string, process: AgentProcess): Promise<void> {
    process.ticket = null;
    const identity = this.identity;
    if (!identity) return;
    const client = { platform: new URL(identity.platform), ca: undefined, ...this.#way(process) };
    await reenroll({
      stateDirectory: this.#folder,
      identity,
      ticket,
      introduction: introduction(this.#host(), this.name),
      client,
    });
    this.#world.log(`  ${this.name}: is an asset of its own`);
    process.connection[Symbol.dispose]();
    this.#process = null;
  }

  #collect({ connection: { engine } }: AgentProcess): void {
    for (const name of ['user', 'dpkg'] as const) {
      const fact = observed[name];
      const rows = [...this.facts[name].values()];
      engine.observe({ fact, status: 'complete', rows, collectedAt: new Date(this.#clock()).toISOString() });
    }
  }

  async #start(): Promise<AgentProcess> {
    const process: Omit<AgentProcess, 'connection'> = { isKilled: false, hasNoPower: false, ticket: null };
    const platform = 'https://platform.example';
    const options = { platform, 'state-dir': this.#folder, name: this.name, 'activation-key': this.#world.activationKey };
    const identity = this.identity ?? (await enroll(readConfig(options, {}), this.#host(), this.#way(process)));
    const connection = connect({
      stateDirectory: this.#folder,
      identity,
      signal: new AbortController().signal,
      machine: () => readMachine(this.#host()),
      usage: () => consumption,
      onClone: (ticket) => void (process.ticket = ticket),
      throughSpool: (spool) => this.#world.power.through(spool, this.#folder),
      ...this.#way(process),
      ...(this.isDiskFull ? { maxSpoolBytes: 4096 } : {}),
    });
    return Object.assign(process, { connection });
  }

  #way(process: { isKilled: boolean }) {
    const { exchange } = this.#world;
    const post = async (path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<HttpReply> => {
      if (process.isKilled) throw new Error('killed');
      return exchange(
        { from: this.name, hardware: this.hardware, path, headers, body: Buffer.from(body) },
        () => void (process.isKilled = true),
      );
    };
    return { now: () => this.#clock(), exchange: { post, [Symbol.dispose]: () => undefined } };
  }

  #clock(): number {
    return this.#world.now() + this.clockErrorMs;
  }

  #host(): Parameters<typeof readMachine>[0] {
    const files = new Map([
      ['/proc/sys/kernel/random/boot_id', this.#world.broken === 'says which machine it is' ? '' : this.#bootId],
      ['/proc/uptime', `${(this.#world.now() - this.#bootedAt) / 1000} 0`],
      ['/proc/1/stat', `1 (init) S ${'0 '.repeat(18)}0`],
      ['/sys/class/dmi/id/product_uuid', this.hardware],
      ['/etc/machine-id', 'copied with the disk'],
    ]);
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    return { readText: (path) => files.get(path) ?? null, sha256 };
  }

  #newFolder(from?: string): string {
    const folder = join(this.#world.folder, `disk-${this.#world.count()}`);
    if (from === undefined) mkdirSync(folder, { mode: 0o700 });
    else cpSync(from, folder, { recursive: true });
    return folder;
  }
}
