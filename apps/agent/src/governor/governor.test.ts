import { effectiveSettings, numberSettings, type Wishes } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { Governor } from './governor.ts';

/** A machine whose clock moves when work is done or waited for. */
class Machine {
  nowMs = 0;
  usedMs = 0;
  isBusy = false;
  isOnBattery = false;
  isUrgent = false;
  stop = new AbortController();

  governor(platform: Wishes = {}): Governor {
    return new Governor({
      settings: effectiveSettings({ platform }),
      usedMs: () => this.usedMs,
      elapsed: () => this.nowMs,
      pressure: () => ({ isBusy: this.isBusy, isMemoryTight: false, isOnBattery: this.isOnBattery }),
      sleep: async (milliseconds) => void (this.nowMs += milliseconds),
      cpus: 2,
      isUrgent: () => this.isUrgent,
      signal: this.stop.signal,
    });
  }

  /** Slices of work, each of which takes its CPU time alone. Answers the share of one CPU over all of it, in percent. */
  async work(governor: Governor, cpuMs: number, sliceMs = 5): Promise<number> {
    const startedAt = this.nowMs;
    for (let done = 0; done < cpuMs; done += sliceMs) {
      await governor.breathe();
      this.usedMs += sliceMs;
      this.nowMs += sliceMs;
    }
    return (100 * cpuMs) / (this.nowMs - startedAt);
  }
}

describe('Governor', () => {
  it('lets an inventory through at once when the machine has nothing else to do', async () => {
    const machine = new Machine();
    await machine.work(machine.governor(), 400);
    expect(machine.nowMs).toBe(400);
  });

  it('holds long work to its share', async () => {
    const machine = new Machine();
    expect(await machine.work(machine.governor(), 60_000)).toBeCloseTo(5, 0);
  });

  it('holds long work to half a percent of all CPUs while others want them', async () => {
    const machine = new Machine();
    machine.isBusy = true;
    expect(await machine.work(machine.governor(), 10_000)).toBeCloseTo(1, 1);
  });

  it('reads changes at once while others want the CPUs, and checks wait the longer for it', async () => {
    const machine = new Machine();
    machine.isBusy = true;
    machine.isUrgent = true;
    const governor = machine.governor();
    await machine.work(governor, 400);
    expect(machine.nowMs).toBe(400);
    machine.isUrgent = false;
    await machine.work(governor, 50);
    expect(machine.nowMs).toBeGreaterThan(30_000);
  });

  it('waits no longer than a minute for hours of changes', async () => {
    const machine = new Machine();
    machine.isBusy = true;
    machine.isUrgent = true;
    const governor = machine.governor();
    await machine.work(governor, 60_000);
    machine.isUrgent = false;
    const before = machine.nowMs;
    await machine.work(governor, 5);
    expect(machine.nowMs - before).toBeLessThan(61_000);
  });

  it('holds changes without end to its share too', async () => {
    const machine = new Machine();
    machine.isBusy = true;
    machine.isUrgent = true;
    expect(await machine.work(machine.governor(), 60_000)).toBeCloseTo(5, 0);
  });

  it('no profile gets more than a tenth of one CPU out of it, nor more than one percent of all while others want them', async () => {
    const hostile = Object.fromEntries(Object.keys(numberSettings).map((name) => [name, 1e9]));
    const machine = new Machine();
    expect(await machine.work(machine.governor(hostile), 60_000)).toBeLessThan(10.3);
    const busy = new Machine();
    busy.isBusy = true;
    expect(await busy.work(busy.governor(hostile), 10_000)).toBeLessThan(2.1);
  });

  it('is as careful on battery as under load, and doubles the time between full checks', async () => {
    const machine = new Machine();
    machine.isOnBattery = true;
    const governor = machine.governor();
    expect(await machine.work(governor, 10_000)).toBeCloseTo(1, 1);
    expect(governor.fullScanSeconds).toBe(2 * numberSettings.fullScanSeconds.default);
  });

  it('works at its full share again when the others are done', async () => {
    const machine = new Machine();
    machine.isBusy = true;
    const governor = machine.governor();
    await machine.work(governor, 500);
    machine.isBusy = false;
    machine.nowMs += 60_000;
    const before = machine.nowMs;
    await machine.work(governor, 400);
    expect(machine.nowMs - before).toBe(400);
  });

  it('waits no more once it is stopped', async () => {
    const machine = new Machine();
    machine.isBusy = true;
    const governor = machine.governor();
    await machine.work(governor, 200);
    machine.usedMs += 10_000;
    machine.stop.abort();
    const before = machine.nowMs;
    await governor.breathe();
    expect(machine.nowMs - before).toBeLessThanOrEqual(500);
  });

  it('is quiet while suspended or in a blackout window', () => {
    const machine = new Machine();
    const noon = new Date('2026-11-23T12:00');
    expect(machine.governor().isQuiet(noon)).toBe(false);
    expect(machine.governor({ suspended: true }).isQuiet(noon)).toBe(true);
    expect(machine.governor({ blackout: ['11:00-13:00'] }).isQuiet(noon)).toBe(true);
    expect(machine.governor({ blackout: ['13:00-14:00'] }).isQuiet(noon)).toBe(false);
  });
});
