import type { Pressure } from '@vedette/host';
import { isBlackout, type Settings } from '@vedette/protocol';
import { CpuBudget } from './cpu-budget.ts';

export interface GovernorParts {
  readonly settings: Settings;
  /** CPU time of this process so far, all threads. */
  readonly usedMs: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
  readonly pressure: () => Pressure;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly cpus: number;
  /** A change waits or is being read. */
  readonly isUrgent: () => boolean;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/** Pressure is looked at no more often. */
const pressureEveryMs = 250;
/** Once busy, it counts as busy for this long: a compiler pauses between two files. */
const busyForMs = 2_000;
/** What a check may use at once under pressure. */
const busyBurstMs = 50;

/**
 * Holds the agent to its budget: a share of one CPU in the long run with a burst after quiet times, a small share of the machine for its
 * checks while others want it. Every piece of work asks `breathe` before it goes on.
 */
export class Governor {
  readonly #parts: GovernorParts;
  /** What nothing exceeds. */
  readonly #budget: CpuBudget;
  /** What checks leave to others while these want the machine. Changes are read all the same: making them has cost far more. */
  readonly #restrained: CpuBudget;
  #settings: Settings;
  #pressure: Pressure = { isBusy: false, isMemoryTight: false, isOnBattery: false };
  #lookedAt = -Infinity;
  #busyUntil = 0;

  constructor(parts: GovernorParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
    this.#budget = new CpuBudget(parts.usedMs, parts.elapsed());
    this.#restrained = new CpuBudget(parts.usedMs, parts.elapsed());
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** From now on these hold; they come clamped. */
  apply(settings: Settings): void {
    this.#settings = settings;
  }

  /** Waits until there is budget for the next slice of work. */
  readonly breathe = async (): Promise<void> => {
    for (;;) {
      const now = this.#parts.elapsed();
      const waitMs = this.#waitMs(now);
      if (waitMs === 0 || this.#parts.signal.aborted) return;
      await this.#parts.sleep(waitMs);
    }
  };

  /** Others need memory: what the agent does not need right now should go back. */
  get isMemoryTight(): boolean {
    this.#look(this.#parts.elapsed());
    return this.#pressure.isMemoryTight;
  }

  /** The owner or the platform wants nothing collected at this moment; `now` in the host's local time. */
  isQuiet(now: Date): boolean {
    return this.#settings.suspended || isBlackout(this.#settings.blackout, now);
  }

  /** A full check can wait twice as long while a battery runs down. */
  get fullScanSeconds(): number {
    return this.#settings.fullScanSeconds * (this.#pressure.isOnBattery ? 2 : 1);
  }

  #waitMs(now: number): number {
    this.#look(now);
    const { cpuPercent, busyCpuPercent, burstCpuMs } = this.#settings;
    const restrained = { percent: Math.min(cpuPercent, busyCpuPercent * this.#parts.cpus), burstMs: busyBurstMs };
    // Both are asked each time, so that both see all that was used.
    const waitMs = this.#budget.waitMs({ percent: cpuPercent, burstMs: burstCpuMs }, now);
    const restrainedMs = this.#restrained.waitMs(restrained, now);
    const isRestrained = (now < this.#busyUntil || this.#pressure.isOnBattery) && !this.#parts.isUrgent();
    return isRestrained ? Math.max(waitMs, restrainedMs) : waitMs;
  }

  #look(now: number): void {
    if (now - this.#lookedAt < pressureEveryMs) return;
    this.#lookedAt = now;
    this.#pressure = this.#parts.pressure();
    if (this.#pressure.isBusy) this.#busyUntil = now + busyForMs;
  }
}
