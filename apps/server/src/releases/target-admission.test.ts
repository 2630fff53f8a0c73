import { describe, expect, it } from 'vitest';
import { type AdmissionLimits, TargetAdmission, type Verdict, type Wish } from './target-admission.ts';

const key = Buffer.alloc(32, 7);
const limits: AdmissionLimits = { downloadsPerSecond: 50, downloadsAtOnce: 100, bytesPerSecond: 1e9 };
const start = Date.UTC(2026, 10, 22);

class World {
  now = start;
  readonly admission: TargetAdmission;
  constructor(changes: Partial<AdmissionLimits> = {}) {
    const options = { limits: { ...limits, ...changes }, key, now: () => this.now, random: () => 0.5 };
    this.admission = new TargetAdmission(options);
  }
  ask(wish: Partial<Wish> = {}): Verdict {
    return this.admission.enter({ address: '192.0.2.1', ticket: null, bytes: 100_000, ...wish });
  }
  /** Takes what is free now, so that the next one has to wait. */
  saturate(address = '198.51.100.1'): Extract<Verdict, { isAdmitted: false }> {
    for (;;) {
      const verdict = this.ask({ address });
      if (!verdict.isAdmitted) return verdict;
      verdict.leave();
    }
  }
}

function waiting(verdict: Verdict): Extract<Verdict, { isAdmitted: false }> {
  if (verdict.isAdmitted) throw new Error('was let in');
  return verdict;
}

interface Agent {
  readonly address: string;
  readonly brings: boolean;
  ticket: string | null;
  readonly arrivedAt: number;
  comesAt: number;
  refusals: number;
}

/** Lets agents come, and come back when they are told, until all were let in. Returns who was let in when, in order. */
function play(world: World, agents: Agent[], seconds: number): { agent: Agent; at: number }[] {
  const admitted: { agent: Agent; at: number }[] = [];
  for (let waitingOnes = agents; waitingOnes.length > 0 && world.now < start + seconds * 1000; world.now += 100) {
    const still: Agent[] = [];
    for (const agent of waitingOnes) {
      if (agent.comesAt > world.now) {
        still.push(agent);
        continue;
      }
      const verdict = world.ask({ address: agent.address, ticket: agent.brings ? agent.ticket : null });
      if (verdict.isAdmitted) {
        verdict.leave();
        admitted.push({ agent, at: world.now });
      } else {
        agent.refusals += 1;
        agent.ticket = verdict.ticket;
        agent.comesAt = world.now + verdict.retryAfterSeconds * 1000;
        still.push(agent);
      }
    }
    waitingOnes = still;
  }
  return admitted;
}

function fleet(count: number, brings: boolean): Agent[] {
  return Array.from({ length: count }, (_, index) => {
    const arrivedAt = start + Math.floor((index * 1000) / count);
    return {
      address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      brings,
      ticket: null,
      arrivedAt,
      comesAt: arrivedAt,
      refusals: 0,
    };
  });
}

describe('TargetAdmission', () => {
  it.each([
    ['that bring their tickets', true],
    ['that know nothing of tickets', false],
  ])('lets 10,000 agents %s in at the rate that was set, in the order of their coming, each after one wait', (_what, brings) => {
    const world = new World();
    const agents = fleet(10_000, brings);
    const admitted = play(world, agents, 600);
    expect(admitted).toHaveLength(10_000);
    const perSecond = new Map<number, number>();
    for (const { at } of admitted) {
      const second = Math.floor((at - start) / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    // What was free at the beginning, and whole seconds of Retry-After: twice the rate in one second, never more.
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(2 * limits.downloadsPerSecond + 1);
    expect((admitted.at(-1)?.at ?? 0) - start).toBeLessThan((10_000 / limits.downloadsPerSecond + 5) * 1000);
    expect(Math.max(...agents.map(({ refusals }) => refusals))).toBe(1);
    const waits = admitted.map(({ agent, at }) => at - agent.arrivedAt);
    const late = waits.filter((wait, index) => index > 0 && wait < (waits[index - 1] ?? 0) - 1200);
    expect(late).toEqual([]);
  });

  it('lets everybody in at once when nobody else is there', () => {
    const world = new World();
    expect(world.ask().isAdmitted).toBe(true);
  });

  it('does not let one address push the others out', () => {
    const world = new World();
    world.saturate('203.0.113.9');
    for (let n = 0; n < 100_000; n += 1) world.ask({ address: '203.0.113.9' });
    expect(waiting(world.ask()).retryAfterSeconds).toBeLessThanOrEqual(61);
  });

  it('promises nobody a moment that is more than an hour away', () => {
    const world = new World({ downloadsPerSecond: 1 });
    for (let n = 0; n < 4000; n += 1) world.ask({ address: `10.0.${n >> 8}.${n & 255}` });
    const { ticket, retryAfterSeconds } = waiting(world.ask());
    expect(ticket).toBeNull();
    expect(retryAfterSeconds).toBeGreaterThanOrEqual(1800);
    expect(retryAfterSeconds).toBeLessThanOrEqual(3600);
  });

  it('spreads by bytes where they are more than the rate allows', () => {
    const world = new World({ bytesPerSecond: 1_000_000 });
    world.ask({ bytes: 10_000_000 });
    expect(waiting(world.ask()).retryAfterSeconds).toBe(9);
  });

  it('charges for bytes beyond those that a ticket was for', () => {
    const world = new World({ bytesPerSecond: 1_000_000 });
    const { ticket, retryAfterSeconds } = world.saturate();
    world.now += retryAfterSeconds * 1000;
    expect(world.ask({ ticket, bytes: 60_000_000 }).isAdmitted).toBe(true);
    expect(world.admission.queueSeconds).toBeGreaterThan(50);
  });

  it('lets no more download at once than was set, and takes them one after the other then', () => {
    const world = new World({ downloadsAtOnce: 2 });
    const first = world.ask();
    expect(world.ask().isAdmitted).toBe(true);
    const { ticket, retryAfterSeconds } = waiting(world.ask());
    world.now += retryAfterSeconds * 1000;
    const again = waiting(world.ask({ ticket }));
    expect([again.retryAfterSeconds <= 3, again.ticket]).toEqual([true, ticket]);
    if (first.isAdmitted) {
      first.leave();
      first.leave();
    }
    expect(world.admission.active).toBe(1);
    expect(world.ask({ ticket }).isAdmitted).toBe(true);
  });

  describe('tickets', () => {
    function later(changes: (ticket: string) => string, seconds: number): Verdict {
      const world = new World();
      const { ticket } = world.saturate();
      world.now += seconds * 1000;
      world.saturate('198.51.100.2');
      return world.ask({ ticket: changes(ticket ?? '') });
    }

    it.each([
      ['is taken at its moment', (ticket: string) => ticket, 1, true],
      ['is taken half a minute late', (ticket: string) => ticket, 30, true],
      ['is not taken when it is far too late', (ticket: string) => ticket, 70, false],
      ['is not taken with another moment', (ticket: string) => ticket.replace(/^\d+/, '1'), 1, false],
      ['is not taken with a longer life', (ticket: string) => ticket.replace(/\.\d+/, '.999999999999999'), 70, false],
      ['is not taken for more bytes', (ticket: string) => ticket.replace('.100000.', '.999999.'), 1, false],
      ['is not taken without its seal', (ticket: string) => ticket.slice(0, -22), 1, false],
      ['is not taken with a seal of zeros', (ticket: string) => `${ticket.slice(0, -22)}${'A'.repeat(22)}`, 1, false],
      ['is not taken when it is garbage', () => 'x'.repeat(10_000), 1, false],
    ])('a ticket %s', (_what, changes, seconds, isAdmitted) => {
      expect(later(changes, seconds).isAdmitted).toBe(isAdmitted);
    });

    it('lets in once', () => {
      const world = new World();
      const { ticket } = world.saturate();
      world.now += 1000;
      expect(world.ask({ ticket }).isAdmitted).toBe(true);
      world.saturate('198.51.100.2');
      expect(world.ask({ ticket }).isAdmitted).toBe(false);
    });

    it('stands when its bearer comes too early, and is not doubled', () => {
      const world = new World({ downloadsPerSecond: 1 });
      world.saturate();
      for (let n = 0; n < 10; n += 1) world.ask({ address: `10.0.0.${n}` });
      const { ticket } = waiting(world.ask());
      const { queueSeconds } = world.admission;
      world.now += 3000;
      const again = waiting(world.ask({ ticket }));
      expect([again.ticket, again.retryAfterSeconds]).toEqual([ticket, 9]);
      expect(world.admission.queueSeconds).toBe(queueSeconds - 3);
    });

    it('of one process are taken by another one, and after a restart, once', () => {
      const world = new World();
      const { ticket } = world.saturate();
      const other = new World();
      other.now = world.now + 1000;
      other.saturate('198.51.100.2');
      expect(other.ask({ ticket }).isAdmitted).toBe(true);
      expect(other.ask({ ticket }).isAdmitted).toBe(false);
    });
  });

  describe('parts of a large file', () => {
    const part = (first: number, next: number | null, path = '/targets/code/a') => ({ part: { path, first, next } });

    function admittedPart(world: World): void {
      const verdict = world.ask(part(0, 4_000_000));
      world.saturate();
      if (verdict.isAdmitted) verdict.leave();
    }

    it.each([
      ['is let in without another wait', part(4_000_000, null), '192.0.2.1', 1, true],
      ['waits when it begins elsewhere', part(3_999_999, null), '192.0.2.1', 1, false],
      ['waits when it is of another file', part(4_000_000, null, '/targets/code/b'), '192.0.2.1', 1, false],
      ['waits when somebody else asks for it', part(4_000_000, null), '192.0.2.2', 1, false],
      ['waits after a long pause', part(4_000_000, null), '192.0.2.1', 61, false],
    ])('the next one %s', (_what, wish, address, seconds, isAdmitted) => {
      const world = new World();
      admittedPart(world);
      world.now += seconds * 1000;
      world.saturate('198.51.100.2');
      expect(world.ask({ address, ...wish }).isAdmitted).toBe(isAdmitted);
    });

    it('let a next one in once, and count as what they are', () => {
      const world = new World({ bytesPerSecond: 1_000_000 });
      admittedPart(world);
      const before = world.admission.queueSeconds;
      expect(world.ask({ ...part(4_000_000, null), bytes: 5_000_000 }).isAdmitted).toBe(true);
      expect(Math.round(world.admission.queueSeconds - before)).toBe(5);
      expect(world.ask(part(4_000_000, null)).isAdmitted).toBe(false);
    });
  });

  it('forgets what is over', () => {
    const world = new World();
    play(world, fleet(2000, false), 600);
    world.now += 3600_000;
    expect(world.ask().isAdmitted).toBe(true);
    expect(world.admission.queueSeconds).toBe(0);
  });
});
