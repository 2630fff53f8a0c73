import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FactRow } from '@vedette/protocol';
import { patienceMs } from '../../apps/server/src/agents/judge-machine.ts';
import { Dice } from './dice.ts';
import { PowerSupply } from './power-loss.ts';
import { SimulatedMachine, type MachineWorld } from './simulated-machine.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import type { Request, SimulatedPlatform } from './simulated-platform.ts';
import { compare, type Difference } from './compare.ts';

/** What a schedule consists of, by weight. */
const events = {
  change: 30,
  turn: 40,
  'pass seconds': 12,
  'pass hours': 1,
  'pass a week': 1,
  'kill agent': 4,
  reboot: 3,
  'take image': 3,
  'restore image': 3,
  'restore running image': 2,
  clone: 2,
  'clone on like hardware': 1,
  'move to other hardware': 1,
  'disk full': 2,
  'disk free': 2,
  'clock jumps': 2,
  'platform away': 2,
  'platform back': 4,
  'platform restarts': 2,
  'late messages arrive': 6,
} as const;

export interface ScheduleResult extends Difference {
  readonly seed: number;
  /** Turns of agents after the last fault, until nobody had anything to say; `maxSettlingTurns`: that never came. */
  readonly turnsToSettle: number;
}

export interface ScheduleOptions extends Pick<MachineWorld, 'folder' | 'log' | 'broken'> {
  /** Whose servers it uses; no other schedule does meanwhile. */
  readonly lane: number;
}

const maxMachines = 3;
/** Agents and platform that still talk after so many have not found an end. */
export const maxSettlingTurns = 60;

/** One story: a machine, its copies, and everything that happens to them; then quiet, and a comparison of every row. */
export class Schedule {
  readonly #seed: number;
  readonly #dice: Dice;
  readonly #platform: SimulatedPlatform;
  readonly #network: SimulatedNetwork;
  readonly #power: PowerSupply;
  readonly #world: MachineWorld;
  readonly #log: (text: string) => void;
  readonly #machines: SimulatedMachine[] = [];
  readonly #images = new Map<SimulatedMachine, ReturnType<SimulatedMachine['image']>[]>();
  /** Who an agent was before any copy of it. */
  readonly #owners = new Map<string, SimulatedMachine>();
  readonly #moved = new Set<SimulatedMachine>();
  readonly #assets = new Set<string>();
  /** Machines were made that nothing tells from their originals but that both live. */
  #hasTwins = false;
  #time: number;
  #count = 0;
  /** Rows of a copy that the platform took for the original's, although it had heard of that shortly before. */
  #mixed = 0;
  /** Rows of a copy that it had to take for the original's. */
  #excused = 0;

  constructor(seed: number, platform: SimulatedPlatform, { folder, log, broken, lane }: ScheduleOptions) {
    this.#seed = seed;
    this.#dice = new Dice(seed);
    this.#platform = platform;
    this.#log = log;
    this.#time = Date.UTC(2026, 10, 22) + this.#dice.whole(0, 1e9);
    const now = (): number => this.#time;
    this.#network = new SimulatedNetwork({
      platform,
      lane,
      dice: this.#dice,
      now,
      log,
      onTaken: (request, agentId) => this.#taken(request, agentId),
    });
    // Dice of its own: what else happens shall not depend on how often a spool is asked.
    this.#power = new PowerSupply(new Dice(~seed), (moment) => log(`  power lost ${moment}`));
    this.#world = {
      folder: join(folder, `schedule-${seed}`),
      activationKey: platform.activationKey,
      now,
      exchange: (request, kill) => this.#network.exchange(request, kill),
      log,
      power: this.#power,
      count: () => ++this.#count,
      broken,
    };
  }

  async run(): Promise<ScheduleResult> {
    mkdirSync(this.#world.folder);
    try {
      this.#machines.push(new SimulatedMachine(this.#world, { hardware: 'hardware-1' }));
      for (let step = this.#dice.whole(8, 24); step > 0; step--) await this.#event();
      const turnsToSettle = await this.#settle();
      const found = await compare(this.#platform, this.#machines, { checksHistory: this.#excused === 0 });
      // An asset that nobody is any more: a machine was taken for another one.
      const left = new Set<string | undefined>(this.#machines.map(({ identity }) => identity?.assetId));
      const orphans = this.#hasTwins || this.#moved.size > 0 ? 0 : [...this.#assets].filter((asset) => !left.has(asset)).length;
      return { ...found, ghost: found.ghost + this.#mixed + orphans, seed: this.#seed, turnsToSettle };
    } finally {
      for (const machine of this.#machines) machine.kill();
      rmSync(this.#world.folder, { recursive: true });
    }
  }

  // oxlint-disable-next-line complexity -- one case per event, none of them longer than a line or two
  async #event(): Promise<void> {
    const machine = this.#dice.pick(this.#machines);
    const event = this.#dice.weighted(events);
    this.#log(`${new Date(this.#time).toISOString()} ${event} ${machine.name}`);
    this.#time += this.#dice.whole(0, 3000);
    switch (event) {
      case 'change':
        return this.#change(machine);
      case 'turn':
        return this.#turn(machine);
      case 'pass seconds':
        return this.#pass(this.#dice.whole(1, 120));
      case 'pass hours':
        return this.#pass(this.#dice.whole(600, 86_400));
      case 'pass a week':
        return this.#pass(7 * 86_400);
      case 'kill agent':
        return machine.kill();
      case 'reboot':
        return machine.reboot();
      case 'take image':
        // Without a key in it, it would be the image of another, new machine.
        if (machine.identity) this.#images.set(machine, [...(this.#images.get(machine) ?? []), machine.image()]);
        return;
      case 'restore image':
      case 'restore running image':
        return this.#restore(machine, event === 'restore running image');
      case 'clone':
        return this.#clone(machine, `hardware-${++this.#count}`);
      case 'clone on like hardware':
        this.#hasTwins = true;
        return this.#clone(machine, machine.hardware);
      case 'move to other hardware':
        this.#moved.add(machine);
        machine.hardware = `hardware-${++this.#count}`;
        return machine.reboot();
      case 'disk full':
      case 'disk free':
        machine.isDiskFull = event === 'disk full';
        return machine.kill();
      case 'clock jumps':
        machine.clockErrorMs = this.#dice.whole(-1e9, 1e9);
        return;
      case 'platform away':
      case 'platform back':
        this.#network.isPlatformAway = event === 'platform away';
        return;
      case 'platform restarts':
        return this.#network.restartPlatform();
      case 'late messages arrive':
        return this.#network.deliverLate();
    }
  }

  #change(machine: SimulatedMachine): void {
    for (let changes = this.#dice.whole(1, 3); changes > 0; changes--) {
      const collector = this.#dice.chance(0.6) ? 'user' : 'dpkg';
      const name = this.#dice.pick(['anna', 'bert', 'cleo', 'dora', 'emil']);
      const isGone = this.#dice.chance(0.3);
      const key = collector === 'user' ? JSON.stringify([name]) : JSON.stringify([name, 'amd64']);
      machine.set(collector, key, isGone ? null : rowOf(collector, name, ++this.#count));
    }
  }

  async #turn(machine: SimulatedMachine): Promise<void> {
    await machine.turn();
    const { identity } = machine;
    if (!identity) return;
    this.#assets.add(identity.assetId);
    if (!this.#owners.has(identity.agentId)) this.#owners.set(identity.agentId, machine);
  }

  #pass(seconds: number): void {
    this.#time += seconds * 1000;
  }

  #restore(machine: SimulatedMachine, live: boolean): void {
    const images = this.#images.get(machine) ?? [];
    if (images.length > 0) machine.restore(this.#dice.pick(images), live);
  }

  #clone(machine: SimulatedMachine, hardware: string): void {
    if (this.#machines.length >= maxMachines) return;
    // A key that nobody has enrolled with belongs to whoever does so first.
    if (!machine.identity) this.#moved.add(machine);
    const images = this.#images.get(machine) ?? [];
    const from = images.length > 0 && this.#dice.chance(0.5) ? this.#dice.pick(images) : machine.image();
    const clone = new SimulatedMachine(this.#world, { hardware, from });
    if (this.#moved.has(machine)) this.#moved.add(clone);
    this.#machines.push(clone);
  }

  #taken({ from, hardware }: Request, agentId: string): void {
    const machine = this.#machines.find((each) => each.name === from);
    const owner = this.#owners.get(agentId) ?? machine;
    if (!machine || !owner || owner === machine) return;
    const isTold = owner.hardware !== hardware && !this.#moved.has(owner) && owner.identity?.agentId === agentId;
    if (isTold && owner.heardAt > this.#time - patienceMs) this.#mixed += 1;
    else this.#excused += 1;
  }

  /** Fair weather, a turn every other minute, until every agent has nothing left to say and is nobody else. */
  async #settle(): Promise<number> {
    this.#log('quiet from now on');
    this.#network.isFair = true;
    this.#power.isFair = true;
    this.#network.isPlatformAway = false;
    await this.#network.deliverLate(true);
    for (const machine of this.#machines) if (this.#dice.chance(0.5)) machine.isDiskFull = false;
    let quiet = 0;
    let turns = 0;
    // Twice, because what a check-in asked for is sent in the next turn.
    for (; turns < maxSettlingTurns && quiet < 2; turns++) {
      for (const machine of this.#machines) await this.#turn(machine);
      this.#pass(120);
      const ids = new Set(this.#machines.map(({ identity }) => identity?.agentId));
      const isQuiet = ids.size === this.#machines.length && this.#machines.every((machine) => machine.isQuiet);
      quiet = isQuiet ? quiet + 1 : 0;
    }
    return turns;
  }
}

function rowOf(collector: 'user' | 'dpkg', name: string, number: number): FactRow {
  if (collector === 'user')
    return { name, uid: number, gid: 100, home: `/home/${name}`, shell: '/bin/sh', password: 'set', groups: [] };
  const version = `1.${number}-1`;
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}
