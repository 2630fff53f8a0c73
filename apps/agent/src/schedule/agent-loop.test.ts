import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  agentPaths,
  effectiveSettings,
  kernelFact,
  osFact,
  postureFact,
  type CheckInReply,
  type SentSyncDocument,
  type Wishes,
} from '@vedette/protocol';
import { defineCollector, type Collector, type Host } from '@vedette/collectors';
import { AgentError } from '../errors.ts';
import type { AgentStatus } from '../state/status-file.ts';
import { Spool } from '../spool/spool.ts';
import { SyncEngine } from '../sync/sync-engine.ts';
import { ReferencePlatform } from '../testing/reference-platform.ts';
import { AgentLoop } from './agent-loop.ts';

/** A host with one fact, a platform, and a clock that moves only while the loop sleeps. */
class World {
  hostname = 'web-1';
  clockMs = 1_000_000;
  isReachable = true;
  isLocked = false;
  isQuiet = false;
  resend: string[] = [];
  readonly sent: { readonly atMs: number; readonly document: SentSyncDocument }[] = [];
  readonly checkInsAt: number[] = [];
  readonly checkIns: unknown[] = [];
  /** Collectors and syncs in the order in which they came. */
  readonly ran: string[] = [];
  /** Of the platform's profile. */
  settings: Record<string, unknown> = {};
  others: Collector[] = [];
  /** Handed out with the next check-in: what it makes the agent run beside the others. */
  manifest: Collector | null = null;
  readonly #os = this.#collector();
  readonly platform = new ReferencePlatform(
    new Map([
      ['os', []],
      ['posture', ['probe', 'subject']],
    ]),
  );
  status: AgentStatus | null = null;
  #attempts: number[] = [];

  /** Runs the loop; `plan` is called before each sleep and returns false to stop. */
  async run(plan: (loop: AgentLoop, sleepNumber: number) => boolean): Promise<void> {
    const stop = new AbortController();
    const engine = new SyncEngine({
      spool: Spool.inMemory(),
      send: async (documents) => {
        this.#answer();
        this.ran.push('sync');
        this.sent.push(...documents.map((document) => ({ atMs: this.clockMs, document })));
        return this.platform.sync(documents);
      },
      sha256: (text) => hash('sha256', text, 'buffer'),
      sizeOf: () => 0,
    });
    let profile: Wishes = { checkInSeconds: 60, fullScanSeconds: 3600 };
    const settings = () => effectiveSettings({ platform: profile });
    let sleeps = 0;
    let isWoken = false;
    const loop: AgentLoop = new AgentLoop({
      manifest: {
        report: () => ({ version: 0 }),
        settle: (brought) => {
          if (!brought) return false;
          if (this.manifest) this.others = [...this.others, this.manifest];
          this.manifest = null;
          return true;
        },
        collectors: () => [this.#os, ...this.others],
      },
      host: { platform: 'linux' } as Host, // the one collector reads nothing
      isLocked: () => this.isLocked,
      watching: () => new Map([['/etc/hostname', 'fanotify']]),
      engine,
      post: async (path, message) => {
        if (path !== agentPaths.checkIn) throw new Error(`unexpected request to ${path}`);
        this.#answer();
        this.checkInsAt.push(this.clockMs);
        this.checkIns.push(message);
        const resend = this.resend;
        this.resend = [];
        const schedule = { checkInSeconds: 60, fullScanSeconds: 3600 };
        const manifest = this.manifest ? { manifest: { keyid: '', content: '', signature: '' } } : {};
        return { resend, schedule, settings: this.settings, ...manifest } satisfies CheckInReply;
      },
      consumption: () => ({ cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 }),
      trimMemory: () => undefined,
      writeStatus: (status) => void (this.status = status),
      governor: {
        get settings() {
          return settings();
        },
        get fullScanSeconds() {
          return settings().fullScanSeconds;
        },
        breathe: async () => undefined,
        isQuiet: () => this.isQuiet,
        isMemoryTight: false,
      },
      limitedBy: () => 'nothing',
      profile: {
        report: () => ({ host: {}, refused: {} }),
        take: ({ settings = {}, schedule }) => {
          const next = { ...schedule, ...settings };
          const isNews = JSON.stringify(next) !== JSON.stringify(profile);
          profile = next;
          return isNews;
        },
      },
      log: () => undefined,
      now: () => this.clockMs,
      elapsed: () => this.clockMs,
      waker: {
        wake: () => void (isWoken = true),
        sleep: async (milliseconds) => {
          if (!plan(loop, sleeps++)) return stop.abort();
          this.clockMs += isWoken ? 0 : Math.max(milliseconds, 1);
          isWoken = false;
        },
      },
      random: () => 0.5,
    });
    await loop.run(stop.signal);
  }

  get attempts(): readonly number[] {
    return this.#attempts;
  }

  #answer(): void {
    this.#attempts.push(this.clockMs);
    if (!this.isReachable) throw new AgentError('NETWORK', 'unreachable');
  }

  #collector() {
    return defineCollector({
      fact: osFact,
      describes: '',
      requires: { platforms: ['linux'] },
      cost: { reads: [], maxBytes: 0 },
      watches: ['/etc/hostname', '/etc/os'],
      settlesWith: ['/etc/.lock'],
      refreshSeconds: null,
      rows: async () => {
        this.ran.push('os');
        const { hostname } = this;
        const empty = { id: '', idLike: '', versionId: '', codename: '', prettyName: '', architecture: '' };
        return { rows: [{ ...empty, hostname }] };
      },
    });
  }
}

/** One that finds nothing and is due in full scans alone; hears when it runs. */
function collectorOf(fact: typeof kernelFact | typeof postureFact, onRun: () => void): Collector {
  return defineCollector({
    fact,
    describes: '',
    requires: { platforms: ['linux'] },
    cost: { reads: [], maxBytes: 0 },
    watches: [],
    refreshSeconds: null,
    rows: async () => {
      onRun();
      return { rows: [] };
    },
  });
}

describe('AgentLoop', () => {
  it('sends an inventory and checks in at once', async () => {
    const world = new World();
    await world.run(() => false);
    expect(world.sent).toMatchObject([{ atMs: 1_000_000, document: { kind: 'snapshot', collector: 'os' } }]);
    expect(world.checkInsAt).toEqual([1_000_000]);
    expect(world.status).toMatchObject({ problem: null, collectors: [{ name: 'os', sequence: 1 }] });
  });

  it('only checks in while nothing changes', async () => {
    const world = new World();
    await world.run(() => world.clockMs < 1_000_000 + 10 * 60_000);
    expect(world.sent).toHaveLength(1);
    expect(world.checkInsAt.length).toBeGreaterThan(8);
  });

  it('sends a delta once a watched file has been quiet for a moment', async () => {
    const world = new World();
    await world.run((loop, sleep) => {
      if (sleep === 0) {
        world.hostname = 'web-2';
        loop.changed('/etc/hostname');
      }
      return sleep < 3;
    });
    expect(world.sent[1]).toMatchObject({ atMs: 1_000_250, document: { kind: 'delta', sequence: 2 } });
    expect(world.platform.rowsOf('os')).toMatchObject([{ hostname: 'web-2' }]);
  });

  it('sends one delta at the end of a run of a package manager, however long it takes', async () => {
    const world = new World();
    await world.run((loop) => {
      const minutes = Math.floor((world.clockMs - 1_000_000) / 60_000);
      world.isLocked = minutes < 9;
      world.hostname = `web-${minutes}`;
      if (world.isLocked) loop.changed('/etc/os');
      world.clockMs += 5000;
      return world.sent.length < 2;
    });
    expect(world.sent).toMatchObject([{ document: { kind: 'snapshot' } }, { document: { kind: 'delta', sequence: 2 } }]);
    expect(world.platform.rowsOf('os')).toMatchObject([{ hostname: 'web-9' }]);
  });

  it('reads at once when the lock is released', async () => {
    const world = new World();
    await world.run((loop, sleep) => {
      world.hostname = 'web-6';
      if (sleep === 0) {
        world.isLocked = true;
        loop.changed('/etc/os');
      }
      if (sleep === 2) {
        world.isLocked = false;
        world.clockMs += 100;
        loop.changed('/etc/.lock');
      }
      return sleep < 5;
    });
    expect(world.sent[1]?.atMs).toBe(1_000_600);
  });

  it('reads in the middle when a lock is held for more than ten minutes', async () => {
    const world = new World();
    world.isLocked = true;
    await world.run((loop, sleep) => {
      world.hostname = 'web-7';
      if (sleep === 0) loop.changed('/etc/os');
      return world.sent.length < 2 && world.clockMs < 2_000_000;
    });
    expect((world.sent[1]?.atMs ?? 0) - 1_000_000).toBeGreaterThanOrEqual(600_000);
    expect((world.sent[1]?.atMs ?? 0) - 1_000_000).toBeLessThan(602_000);
  });

  it('sends a change before it goes on with a check', async () => {
    const world = new World();
    const kernel = defineCollector({
      fact: kernelFact,
      describes: '',
      requires: { platforms: ['linux'] },
      cost: { reads: [], maxBytes: 0 },
      watches: [],
      refreshSeconds: 60,
      rows: async () => {
        world.ran.push('kernel');
        return { rows: [] };
      },
    });
    world.others = [kernel];
    await world.run((loop, sleep) => {
      world.hostname = 'web-10';
      if (sleep === 0) {
        loop.changed('/etc/os');
        loop.scanNow();
      }
      return sleep < 2;
    });
    expect(world.ran).toEqual(['os', 'kernel', 'sync', 'os', 'sync', 'kernel']);
  });

  it('reads everything again when events were lost', async () => {
    const world = new World();
    await world.run((loop, sleep) => {
      world.hostname = 'web-8';
      if (sleep === 0) loop.missedChanges();
      return sleep < 1;
    });
    expect(world.platform.rowsOf('os')).toMatchObject([{ hostname: 'web-8' }]);
  });

  it('tells the platform how it watches', async () => {
    const world = new World();
    await world.run(() => false);
    expect(world.checkIns[0]).toMatchObject({ watching: { fanotify: 1, inotify: 0, kernel: 0, polling: 0 } });
    expect(world.status).toMatchObject({ watching: { fanotify: ['/etc/hostname'] } });
  });

  it('looks at a file that never comes to rest after ten seconds', async () => {
    const world = new World();
    await world.run((loop) => {
      world.hostname = `web-${world.clockMs}`;
      loop.changed('/etc/os');
      world.clockMs += 200;
      return world.sent.length < 2;
    });
    expect(world.sent[1]?.atMs).toBeGreaterThanOrEqual(1_010_000);
    expect(world.sent[1]?.atMs).toBeLessThan(1_012_000);
  });

  it('waits longer after each failure, then delivers what the host looks like by then', async () => {
    const world = new World();
    world.isReachable = false;
    await world.run(() => {
      if (world.attempts.length === 6) {
        world.isReachable = true;
        world.hostname = 'web-3';
      }
      return world.checkInsAt.length === 0;
    });
    const waits = world.attempts.slice(1, 6).map((at, index) => at - (world.attempts[index] ?? 0));
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits[0]).toBe(1500);
    expect(world.platform.rowsOf('os')).toHaveLength(1);
  });

  it('sends everything again when a check-in asks for it', async () => {
    const world = new World();
    world.resend = ['os'];
    await world.run((_, sleep) => {
      if (sleep === 0) world.platform.held.clear();
      return sleep < 2;
    });
    expect(world.sent.map(({ document }) => document.kind)).toEqual(['snapshot', 'snapshot']);
    expect(world.platform.rowsOf('os')).toMatchObject([{ hostname: 'web-1' }]);
  });

  it('scans and checks in at once when asked', async () => {
    const world = new World();
    await world.run((loop, sleep) => {
      world.hostname = 'web-4';
      if (sleep === 0) loop.scanNow();
      return sleep < 1;
    });
    expect(world.platform.rowsOf('os')).toMatchObject([{ hostname: 'web-4' }]);
    expect(world.checkInsAt).toEqual([1_000_000, 1_000_000]);
  });

  it('checks in in the middle of a full scan when somebody asks, and again when it is through', async () => {
    const world = new World();
    let running: AgentLoop | null = null;
    const seen: unknown[] = [];
    const others = ['kernel', 'posture'] as const;
    world.others = others.map((name) =>
      collectorOf(name === 'kernel' ? kernelFact : postureFact, () => {
        seen.push([name, world.checkInsAt.length, world.status?.fullScanAt]);
        if (name === 'kernel' && running) running.checkInNow();
      }),
    );
    await world.run((loop, sleep) => {
      if (sleep === 0) running = loop;
      if (sleep === 0) world.clockMs += 5000;
      if (sleep === 0) loop.scanNow();
      return sleep < 2;
    });
    const [first, second] = ['1970-01-01T00:16:40.000Z', '1970-01-01T00:16:45.000Z'];
    expect(seen.slice(-2)).toEqual([
      ['kernel', 1, first],
      ['posture', 2, first],
    ]);
    expect([world.checkInsAt.length, world.status?.fullScanAt]).toEqual([3, second]);
  });

  it('hurries with a scan that somebody waits for, but in the long run no more often than full scans may be, however often one is ordered', async () => {
    const world = new World();
    let running: AgentLoop | null = null;
    const hurried: (boolean | undefined)[] = [];
    world.others = [collectorOf(kernelFact, () => hurried.push(running?.isUrgent))];
    await world.run((loop, sleep) => {
      running = loop;
      expect(loop.isUrgent).toBe(false);
      if (sleep === 4) world.clockMs += 900_000;
      loop.scanNow();
      return sleep < 6;
    });
    expect(hurried).toEqual([undefined, true, true, true, false, true, false]);
  });

  it('checks in at once when the platform has news, but in the long run no sooner than it ever may, however often it is told', async () => {
    const world = new World();
    let told = 0;
    await world.run((loop) => {
      if (told < world.checkInsAt.length) loop.checkInSoon();
      told = world.checkInsAt.length;
      return told < 8;
    });
    expect(world.checkInsAt.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => 1_000_000));
    expect(world.checkInsAt.slice(6)).toEqual([1_010_000, 1_020_000]);
  });

  it('applies other settings with the reply that brings them, and soon says so', async () => {
    const world = new World();
    world.settings = { checkInSeconds: 600 };
    await world.run(() => world.checkInsAt.length < 3);
    expect(world.checkInsAt).toEqual([1_000_000, 1_002_000, 1_602_000]);
  });

  it('collects and sends nothing while it shall be quiet, checks in all the same, and catches up', async () => {
    const world = new World();
    world.isQuiet = true;
    await world.run((loop, sleep) => {
      if (sleep === 0) {
        world.hostname = 'web-9';
        loop.changed('/etc/hostname');
      }
      if (world.checkInsAt.length === 3) world.isQuiet = false;
      return world.sent.length === 0 && world.clockMs < 2_000_000;
    });
    expect(world.checkInsAt.length).toBeGreaterThanOrEqual(3);
    expect(world.sent).toMatchObject([{ document: { kind: 'snapshot' } }]);
    expect(world.sent[0]?.atMs).toBeGreaterThanOrEqual(world.checkInsAt[2] ?? Infinity);
    expect(world.platform.rowsOf('os')).toMatchObject([{ hostname: 'web-9' }]);
  });

  it('reads what a new manifest asks for as soon as it has it, and nothing else', async () => {
    const world = new World();
    const forgotten: unknown[] = [];
    let changedAt = 0;
    const posture = defineCollector({
      fact: postureFact,
      describes: '',
      requires: { platforms: ['linux'] },
      cost: { reads: [], maxBytes: 0 },
      watches: ['/etc/ssh/sshd_config'],
      refreshSeconds: null,
      forget: (watch) => void forgotten.push(watch),
      rows: async () => {
        world.ran.push('posture');
        return { rows: [{ probe: 'p', subject: 's', value: String(forgotten.length), where: '' }] };
      },
    });
    await world.run((loop, sleeps) => {
      if (sleeps === 0) world.manifest = posture;
      if (world.clockMs >= 1_300_000 && changedAt === 0) {
        changedAt = world.clockMs;
        loop.changed('/etc/ssh/sshd_config');
      }
      return world.clockMs < 1_400_000;
    });
    expect(world.ran).toEqual(['os', 'sync', 'posture', 'sync', 'posture', 'sync']);
    const [, first, changed] = world.sent;
    expect(first).toMatchObject({ document: { kind: 'snapshot', collector: 'posture' } });
    expect((first?.atMs ?? Infinity) - (world.checkInsAt[1] ?? 0)).toBeLessThan(1000);
    expect(changed).toMatchObject({ document: { kind: 'delta', collector: 'posture' } });
    expect((changed?.atMs ?? Infinity) - changedAt).toBeLessThan(1000);
    expect(forgotten).toEqual(['/etc/ssh/sshd_config']);
  });

  it('ignores changes of files that nobody watches', async () => {
    const world = new World();
    await world.run((loop, sleep) => {
      world.hostname = 'web-5';
      if (sleep === 0) loop.changed('/etc/hostname.other');
      return sleep < 3;
    });
    expect(world.sent).toHaveLength(1);
  });
});
