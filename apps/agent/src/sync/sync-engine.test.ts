import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FactRow, SentSyncDocument, SyncReply } from '@vedette/protocol';
import { digestOf, ReferencePlatform } from '../testing/reference-platform.ts';
import type { AcknowledgedState, AcknowledgedStore } from './acknowledged-store.ts';
import { SyncEngine, type Observation } from './sync-engine.ts';

const fact = { name: 'dpkg', version: 1, key: ['name'] };
const keys = new Map([['dpkg', ['name']]]);

function observed(rows: readonly FactRow[], status: Observation['status'] = 'complete'): Observation {
  return { fact, status, rows, collectedAt: '2026-01-01T00:00:00.000Z' };
}

const packages = (...versions: [string, string][]): FactRow[] => versions.map(([name, version]) => ({ name, version }));

/** A disk that can lose a write, as a process killed before it does. */
class MemoryStore implements AcknowledgedStore {
  readonly states = new Map<string, AcknowledgedState>();
  losesNextWrite = false;

  load(name: string): AcknowledgedState | null {
    return this.states.get(name) ?? null;
  }

  save(name: string, state: AcknowledgedState): void {
    if (this.losesNextWrite) {
      this.losesNextWrite = false;
      throw new Error('killed');
    }
    this.states.set(name, state);
  }
}

interface Wire {
  platform: ReferencePlatform;
  fault: 'none' | 'request lost' | 'reply lost' | 'delivered twice';
  sent: SentSyncDocument[];
}

function engineOn(store: AcknowledgedStore, wire: Wire, documentLimit = { rows: 1000, chars: 100_000 }): SyncEngine {
  return new SyncEngine({
    store,
    send: async (documents): Promise<SyncReply> => {
      const { fault } = wire;
      wire.fault = 'none';
      if (fault === 'request lost') throw new Error(fault);
      wire.sent.push(...documents);
      if (fault === 'delivered twice') wire.platform.sync(documents);
      const reply = wire.platform.sync(documents);
      if (fault === 'reply lost') throw new Error(fault);
      return reply;
    },
    sha256: (text) => hash('sha256', text, 'buffer'),
    sizeOf: () => 0,
    documentLimit,
  });
}

const newWire = (): Wire => ({ platform: new ReferencePlatform(keys), fault: 'none', sent: [] });

describe('SyncEngine', () => {
  it('sends a snapshot first, then only what changed', async () => {
    const wire = newWire();
    const engine = engineOn(new MemoryStore(), wire);
    engine.observe(observed(packages(['a', '1'], ['b', '1'], ['c', '1'])));
    await engine.sync();
    engine.observe(observed(packages(['a', '1'], ['b', '2'])));
    await engine.sync();
    expect(wire.sent).toMatchObject([
      { kind: 'snapshot', sequence: 1, rows: { count: 3 } },
      {
        kind: 'delta',
        sequence: 2,
        rows: { count: 1, constants: { name: 'b', version: '2' } },
        removed: { constants: { name: 'c' } },
      },
    ]);
  });

  it('sends nothing when nothing changed, also after a restart', async () => {
    const wire = newWire();
    const store = new MemoryStore();
    const first = engineOn(store, wire);
    first.observe(observed(packages(['a', '1'])));
    await first.sync();
    const restarted = engineOn(store, wire);
    restarted.observe(observed(packages(['a', '1'])));
    expect(restarted.hasPending).toBe(false);
    expect(restarted.states()).toMatchObject([{ sequence: 1, digest: digestOf(packages(['a', '1'])) }]);
  });

  it('reports an empty collector once, so that the platform knows it is empty', async () => {
    const wire = newWire();
    const engine = engineOn(new MemoryStore(), wire);
    engine.observe(observed([]));
    await engine.sync();
    expect(wire.sent).toMatchObject([{ kind: 'snapshot', rows: { count: 0 } }]);
    expect(engine.hasPending).toBe(false);
  });

  it.each(['failed', 'unsupported'] as const)('keeps the known rows when a run is %s', async (status) => {
    const wire = newWire();
    const engine = engineOn(new MemoryStore(), wire);
    engine.observe(observed(packages(['a', '1'])));
    await engine.sync();
    engine.observe(observed([], status));
    await engine.sync();
    expect(wire.platform.rowsOf('dpkg')).toEqual(packages(['a', '1']));
    expect(engine.states()).toMatchObject([{ sequence: 1, status }]);
  });

  it('numbers a snapshot above what the platform has when this disk was restored from an older copy', async () => {
    const wire = newWire();
    const store = new MemoryStore();
    const engine = engineOn(store, wire);
    for (const version of ['1', '2', '3']) {
      engine.observe(observed(packages(['a', version])));
      await engine.sync();
    }
    const restored = engineOn(new MemoryStore(), wire);
    restored.observe(observed(packages(['a', '9'])));
    await restored.sync();
    expect(wire.platform.held.get('dpkg')?.sequence).toBe(4);
    expect(wire.platform.rowsOf('dpkg')).toEqual(packages(['a', '9']));
  });

  it('sends everything again when the platform asks, from the rows on disk', async () => {
    const wire = newWire();
    const engine = engineOn(new MemoryStore(), wire);
    engine.observe(observed(packages(['a', '1'])));
    await engine.sync();
    wire.platform.held.clear();
    expect(engine.requestSnapshot('dpkg')).toBe(true);
    await engine.sync();
    expect(wire.platform.rowsOf('dpkg')).toEqual(packages(['a', '1']));
  });

  it('asks for a new run when the rows on disk are gone', async () => {
    const store = new MemoryStore();
    const engine = engineOn(store, newWire());
    engine.observe(observed(packages(['a', '1'])));
    await engine.sync();
    store.states.clear();
    expect(engine.requestSnapshot('dpkg')).toBe(false);
    engine.observe(observed(packages(['a', '1'])));
    expect(engine.hasPending).toBe(true);
  });

  it('does not repeat what the platform rejects until the rows change', async () => {
    let requests = 0;
    const engine = new SyncEngine({
      store: new MemoryStore(),
      send: async () => {
        requests += 1;
        return { results: [{ collector: 'dpkg', outcome: 'rejected', sequence: 0 }] };
      },
      sha256: (text) => hash('sha256', text, 'buffer'),
      sizeOf: () => 0,
    });
    engine.observe(observed(packages(['a', '1'])));
    await engine.sync();
    engine.observe(observed(packages(['a', '1'])));
    engine.requestSnapshot('dpkg');
    expect(engine.hasPending).toBe(false);
    engine.observe(observed(packages(['a', '2'])));
    await engine.sync();
    expect(requests).toBe(2);
  });

  it.each(['resend', 'unanswered'] as const)('gives up for now on a platform that keeps answering %s', async (outcome) => {
    const engine = new SyncEngine({
      store: new MemoryStore(),
      send: async () => ({ results: outcome === 'resend' ? [{ collector: 'dpkg', outcome, sequence: 0 }] : [] }),
      sha256: (text) => hash('sha256', text, 'buffer'),
      sizeOf: () => 0,
    });
    engine.observe(observed(packages(['a', '1'])));
    expect(await engine.sync()).toHaveLength(3);
    expect(engine.hasPending).toBe(true);
  });

  it('splits more rows than a document may hold into a snapshot and deltas', async () => {
    const wire = newWire();
    const engine = engineOn(new MemoryStore(), wire, { rows: 2, chars: 100_000 });
    const rows = packages(['a', '1'], ['b', '1'], ['c', '1'], ['d', '1'], ['e', '1']);
    engine.observe(observed(rows));
    await engine.sync();
    expect(wire.sent.map(({ kind, rows: { count } }) => [kind, count])).toEqual([
      ['snapshot', 2],
      ['delta', 2],
      ['delta', 1],
    ]);
    expect(wire.platform.rowsOf('dpkg')).toEqual(rows);
  });

  it('sends a snapshot when the fact has a new version', async () => {
    const wire = newWire();
    const engine = engineOn(new MemoryStore(), wire);
    engine.observe(observed(packages(['a', '1'])));
    await engine.sync();
    engine.observe({ ...observed(packages(['a', '1'])), fact: { ...fact, version: 2 } });
    await engine.sync();
    expect(wire.sent.at(-1)).toMatchObject({ kind: 'snapshot', version: 2, sequence: 2 });
  });
});

const rowsArbitrary = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.constantFrom('1', '2', '3'))
  .map((record) => Object.entries(record).map(([name, version]) => ({ name, version })));

const stepArbitrary = fc.record({
  rows: rowsArbitrary,
  fault: fc.constantFrom<Wire['fault'][]>('none', 'none', 'request lost', 'reply lost', 'delivered twice'),
  event: fc.constantFrom(
    'none',
    'none',
    'killed before write',
    'restarted',
    'disk lost',
    'platform restored',
    'platform emptied',
  ),
});

describe('SyncEngine among faults', () => {
  it('always ends with the platform holding the rows of the host, and never lets an acknowledged sequence fall', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(stepArbitrary, { maxLength: 25 }),
        rowsArbitrary,
        fc.integer({ min: 1, max: 7 }),
        // oxlint-disable-next-line complexity -- one story, told in order
        async (steps, last, limit) => {
          const wire = newWire();
          let store = new MemoryStore();
          let engine = engineOn(store, wire, { rows: limit, chars: 1000 });
          let backup = wire.platform.held.get('dpkg');
          let acknowledged = 0;
          for (const { rows, fault, event } of steps) {
            wire.fault = fault;
            store.losesNextWrite = event === 'killed before write';
            engine.observe(observed(rows));
            const isKilled = await engine.sync().then(
              () => false,
              (error: Error) => error.message === 'killed',
            );
            store.losesNextWrite = false;
            if (event === 'disk lost') [store, acknowledged] = [new MemoryStore(), 0];
            if (isKilled || event === 'restarted' || event === 'disk lost')
              engine = engineOn(store, wire, { rows: limit, chars: 1000 });
            if (event === 'platform restored' && backup) wire.platform.held.set('dpkg', backup);
            if (event === 'platform emptied') wire.platform.held.clear();
            backup = wire.platform.held.get('dpkg');
            const sequence = store.states.get('dpkg')?.sequence ?? 0;
            expect(sequence).toBeGreaterThanOrEqual(acknowledged);
            acknowledged = sequence;
          }
          wire.fault = 'none';
          engine.observe(observed(last));
          await engine.sync();
          // A check-in: the platform compares what it is told with what it holds.
          const [state] = engine.states();
          const held = wire.platform.held.get('dpkg');
          if (held?.digest !== state?.digest || held?.sequence !== state?.sequence) engine.requestSnapshot('dpkg');
          await engine.sync();
          expect(wire.platform.held.get('dpkg')?.digest).toBe(digestOf(last));
          expect(digestOf(wire.platform.rowsOf('dpkg'))).toBe(digestOf(last));
          expect(engine.hasPending).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });
});
