import { hash } from 'node:crypto';
import { join } from 'node:path';
import { PartialFile, WrongBytes } from '../../apps/agent/src/upgrade/partial-file.ts';
import { type BaseRelease, type Running, Slots } from '../../apps/agent/src/upgrade/slots.ts';
import type { SlotContent, SlotName, UpgradeRecord } from '../../apps/agent/src/upgrade/upgrade-state.ts';
import { Dice } from '../sync-simulator/dice.ts';
import { Crash, FaultyDisk, type ForgottenSync } from './faulty-disk.ts';
import { type Launch, type Launcher, runtimeOf } from './launch.ts';

/** From what to what: out of the package, out of a slot, with a new runtime too, or while somebody installs another package. */
export const scenarios = ['from-package', 'from-slot', 'new-runtime', 'package-meanwhile'] as const;
/** What the new version does: it works; it ends at once; it finds itself unhealthy; it hangs; it stops coming up after it was committed. */
export const qualities = ['good', 'crashes', 'unhealthy', 'hangs', 'fails-later'] as const;

export interface Story {
  readonly scenario: (typeof scenarios)[number];
  readonly quality: (typeof qualities)[number];
  /** Steps of the upgrade before each of which something ends: the process, or with `power` the machine. */
  readonly crashes: readonly { readonly step: number; readonly power: boolean }[];
  readonly seed: number;
}

export interface StoryEnd {
  readonly story: Story;
  /** Steps that were possible: where the crashes can be put. */
  readonly steps: number;
  /** How many of the crashes came about. */
  readonly crashed: number;
  /** A start that started nothing, or something that is neither the old version nor the new one, whole. */
  readonly bricked: boolean;
  readonly end: 'old' | 'new' | 'neither';
  /** The end is the one that this quality deserves. */
  readonly isRight: boolean;
  /** The platform never heard how it ended. */
  readonly unreported: boolean;
}

interface Release extends SlotContent {
  readonly codeText: string;
  readonly runtimeText: string;
  readonly runtimeName: string;
}

const root = '/state';
const upgrade = join(root, 'upgrade');
const mostStarts = 60;
const chunkBytes = 40;

/** Tells one story from its beginning until nothing changes any more. */
export function simulate(story: Story, launcher: Launcher, forgets: ForgottenSync = null): StoryEnd {
  return new Telling(story, launcher, forgets).tell();
}

export function hasFailed({ bricked, isRight, unreported }: StoryEnd): boolean {
  return bricked || !isRight || unreported;
}

/**
 * Stories that crash at every step of every upgrade in turn, by kill and by power cut, and then at two steps; `points` crashes in all, or
 * as many as there are.
 */
export function* stories(points: number, launcher: Launcher): Generator<Story> {
  const kinds = scenarios.flatMap((scenario) => qualities.map((quality) => ({ scenario, quality })));
  const lengths = kinds.map((kind) => simulate({ ...kind, crashes: [], seed: 1 }, launcher).steps);
  const all = kinds.flatMap((kind, index) =>
    Array.from({ length: lengths[index] ?? 0 }, (_, step) =>
      [false, true, true].map((power) => ({ ...kind, crashes: [{ step: step + 1, power }] })),
    ).flat(),
  );
  const dice = new Dice(points);
  let told = 0;
  for (let seed = 1; told < points; seed += 1) {
    // Every n-th while all are too many; a second crash somewhere after it when all have been told.
    const one = points < all.length ? all[Math.floor(((seed - 1) * all.length) / points)] : all[(seed - 1) % all.length];
    if (!one) return;
    const second = seed <= all.length ? [] : [{ step: (one.crashes[0]?.step ?? 0) + dice.whole(1, 40), power: dice.chance(0.7) }];
    const crashes = [...one.crashes, ...second].slice(0, points - told);
    told += crashes.length;
    yield { ...one, crashes, seed };
  }
}

class Telling {
  readonly #story: Story;
  readonly #launcher: Launcher;
  readonly #disk: FaultyDisk;
  readonly #dice: Dice;
  readonly #reports: UpgradeRecord[] = [];
  #base = release(1, 'one');
  #wanted = release(2, 'one');
  #quality: Story['quality'] = 'good';
  #crashes: Story['crashes'][number][] = [];
  #crashed = 0;
  #bricked = false;
  #attempts = 0;

  constructor(story: Story, launcher: Launcher, forgets: ForgottenSync) {
    this.#disk = new FaultyDisk(root, forgets);
    this.#story = story;
    this.#launcher = launcher;
    this.#dice = new Dice(story.seed);
  }

  tell(): StoryEnd {
    const { scenario, quality, crashes } = this.#story;
    this.#install(this.#base);
    let old = this.#base;
    if (scenario === 'from-slot' || scenario === 'new-runtime') {
      this.#runUntilQuiet();
      old = this.#wanted;
      this.#wanted = release(3, scenario === 'new-runtime' ? 'two' : 'one');
    }
    // A committed version has nothing before it but the package.
    if (quality === 'fails-later') old = this.#base;
    this.#quality = quality;
    this.#reports.length = 0;
    const before = this.#disk.steps;
    this.#crashes = crashes.map(({ step, power }) => ({ step: before + step, power })).toSorted((a, b) => a.step - b.step);
    this.#arm();
    if (scenario === 'package-meanwhile') {
      for (let starts = this.#dice.whole(0, 3); starts > 0; starts -= 1) this.#turn();
      old = this.#base = release(1.5, 'one');
      this.#install(this.#base);
    }
    const last = this.#runUntilQuiet();
    const steps = this.#disk.steps - before;
    const end = last === old.code ? 'old' : last === this.#wanted.code ? 'new' : 'neither';
    const isRight = end === (quality === 'good' ? 'new' : 'old');
    const unreported = !this.#isReported(end, quality);
    return { story: this.#story, steps, crashed: this.#crashed, bricked: this.#bricked, end, isRight, unreported };
  }

  #isReported(end: StoryEnd['end'], quality: Story['quality']): boolean {
    const said = this.#reports.findLast(({ to }) => to === this.#wanted.version);
    if (end === 'new') return said?.outcome === 'committed';
    return quality === 'good' || said?.outcome === 'rolled-back';
  }

  #install({ version, code, runtime, codeText, runtimeName }: Release): void {
    const line = `${version} ${code} ${runtime}`;
    this.#launcher.install({ line, code: codeText, runtime: runtimeName });
  }

  /** The SHA-256 of the code that runs in the end. */
  #runUntilQuiet(): string {
    for (let starts = 0; starts < mostStarts; starts += 1) {
      const quiet = this.#turn();
      if (quiet !== null) return quiet;
    }
    return '';
  }

  /** One start and what comes of it: the code that goes on running, or null when it ends. */
  #turn(): string | null {
    const launch = this.#launcher.start(this.#disk, upgrade);
    const started = launch && this.#identify(launch);
    if (!launch || !started) {
      this.#bricked = true;
      return null;
    }
    try {
      return this.#run(started, { slot: launch.slot as SlotName, attempt: launch.attempt }) ? started.code : null; // from the launcher
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#crashed += 1;
      if (this.#crashes.shift()?.power === true) this.#disk.cutPower(() => this.#dice.next());
      this.#arm();
      return null;
    }
  }

  #identify({ code, runtime }: Launch): Release | null {
    const known = [this.#base, release(2, 'one'), release(3, 'one'), release(3, 'two'), release(1, 'one')];
    return known.find((one) => one.codeText === code && one.runtimeName === runtime) ?? null;
  }

  /** True when it goes on running with nothing left to do. */
  #run(started: Release, running: Running): boolean {
    const { version, code, runtime } = this.#base;
    const slots = new Slots({
      disk: this.#disk,
      directory: upgrade,
      base: { version, code, runtime, line: `${version} ${code} ${runtime}` } satisfies BaseRelease,
      now: () => '2026-11-22T12:00:00Z',
    });
    const isWanted = started.code === this.#wanted.code;
    const isCommitted = slots.state.committed === running.slot;
    if (isWanted && this.#quality !== 'good' && !(this.#quality === 'fails-later' && !isCommitted))
      return this.#misbehave(slots, running);
    const state = slots.settle(running);
    if (state.trial) slots.commit();
    this.#report(slots);
    if (running.slot !== 'base' && !isWanted) slots.noteSoundStart(running.attempt);
    if (isWanted) return this.#quality === 'good';
    if (slots.refusalOf(this.#wanted)) return true;
    this.#upgrade(slots, started);
    return false;
  }

  #misbehave(slots: Slots, { attempt }: Running): false {
    if (this.#quality === 'unhealthy') {
      slots.settle({ slot: slots.state.trial?.slot ?? 'base', attempt });
      slots.rollBack({ code: 'budget', text: 'it used more memory than it may' });
    }
    // What the launcher's guard does.
    if (this.#quality === 'hangs') this.#disk.place(join(upgrade, `starts.${attempt}`), Buffer.from('xhhh'));
    return false;
  }

  #report(slots: Slots): void {
    const { last, isUnreported } = slots.state;
    if (!last || !isUnreported) return;
    this.#reports.push(last);
    slots.noteReported(last.attempt);
  }

  #upgrade(slots: Slots, from: Release): void {
    const wanted = this.#wanted;
    const code = this.#download('code', wanted.codeText, wanted.code);
    const isNewRuntime = wanted.runtime !== from.runtime;
    const runtime = isNewRuntime ? this.#download('runtime', wanted.runtimeText, wanted.runtime) : null;
    const content: SlotContent = { version: wanted.version, code: wanted.code, runtime: wanted.runtime };
    const slot = slots.stage(content, { code, runtime });
    this.#attempts += 1;
    slots.beginTrial(slot, content, `attempt${this.#attempts}`);
  }

  #download(name: string, text: string, sha256: string): string {
    const path = join(upgrade, 'download', name);
    const bytes = Buffer.from(text);
    for (;;) {
      const file = new PartialFile(this.#disk, path, { bytes: bytes.length, sha256 });
      while (file.bytes < bytes.length) file.append(bytes.subarray(file.bytes, file.bytes + chunkBytes));
      try {
        if (file.finish()) return path;
      } catch (error) {
        // What a power cut has spoilt is fetched again.
        if (!(error instanceof WrongBytes)) throw error;
      }
    }
  }

  #arm(): void {
    this.#disk.crashAt(this.#crashes[0]?.step ?? Infinity);
  }
}

function release(number: number, runtimeName: string): Release {
  const codeText = `// version ${number}\n${`const value = ${number};\n`.repeat(10)}`;
  const runtimeText = runtimeOf(runtimeName);
  const [code, runtime] = [hash('sha256', codeText), hash('sha256', runtimeText)];
  return { version: `${number}.0.0`, code, runtime, codeText, runtimeText, runtimeName };
}
