import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { EventSorting, type FleetEvent, type listEvents, SortDirection } from '@vedette/protocol';
import { matchesThing, parseQuery, type Thing } from '@vedette/query';
import fc from 'fast-check';
import { pino } from 'pino';
import type { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAssets } from '../assets/find-assets.ts';
import { withinScope } from '../db/asset-scope.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { HistoryWorld } from '../testing/history-world.ts';
import { steps } from '../testing/three-ways.ts';
import { compareValues } from './event-order.ts';
import { type EventWish, findEvents } from './find-events.ts';

const silence = { silent: 3600, stale: 7 * 86_400, archived: 30 * 86_400 };
const dayMs = 24 * 3600 * 1000;

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

const terms = [
  'kind:package',
  'kind:detection',
  'kind:(fact or agent)',
  'status:opened',
  'status:re*',
  'status:upgraded',
  'status:=closed',
  'cause:knowledge',
  'cause:inventory',
  'cause:*',
  'collector:dpkg',
  'collector:os',
  'package:openssl',
  'package:lib*',
  'version:2',
  'previous:*',
  'check:280001001',
  'check:>280001001',
  'name:*1003',
  'severity:>=high',
  'severity:3',
  'at:>now-3d',
  'at:<now-2d',
  'at:now-20d..now-2d',
  'openssl',
  'asset:(release:bookworm)',
  'asset:(packages:>1 and not release:trixie)',
  'not asset:(packages:>1)',
  'asset:(detection:(severity:>=medium))',
];
const term = fc.constantFrom(...terms);
const { text: query } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    term,
    fc.tuple(tie('text'), fc.constantFrom(' and ', ' or '), tie('text')).map(([a, joint, b]) => `(${a}${joint}${b})`),
    tie('text').map((inner) => `not (${inner})`),
  ),
}));

type List = z.infer<typeof listEvents.reply>;

describe('a query for events, over whatever has happened', () => {
  it('finds the same, in the same order and number, by the index, by the histories and by looking at each', async () => {
    const property = fc.asyncProperty(
      steps,
      fc.array(fc.oneof(term, query), { minLength: 12, maxLength: 12 }),
      async (history, texts) => {
        const world = new HistoryWorld(database.db, syncDocument);
        await world.begin();
        for (const step of history) await world.apply(step);
        await world.settle();
        const open = () => new FleetIndex({ db: world.db, log: pino({ level: 'silent' }), clock: () => new Date(world.now) });
        await using fleet = open();
        await using old = open();
        const [organizationId] = world.organizationIds;
        // Whatever is asked of this one lies before its window.
        (await old.current(organizationId)).since = Number.POSITIVE_INFINITY;
        const ask = (fleetIndex: FleetIndex, text: string | undefined, page: Partial<EventWish> = {}) =>
          findEvents(
            { db: world.db, fleetIndex, clock: () => new Date(world.now), config: { silence } as never },
            {
              organizationId,
              query: text,
              limit: 5e3,
              offset: 0,
              buckets: 7,
              sort: 'at',
              direction: 'ascending',
              may: () => true,
              from: new Date(world.now - 30 * dayMs).toISOString(),
              ...page,
            },
          ) as Promise<List>;
        const whole = await ask(fleet, undefined);
        expect(whole.next).toBeNull();
        expect(new Set(whole.items.map(({ eventId }) => eventId)).size).toBe(whole.items.length);
        expect((await ask(old, undefined)).items).toEqual(whole.items);
        for (const assetId of new Set(world.assets.map((asset) => asset.assetId))) {
          const scope = { organizationId, assetIds: new Set([assetId]), key: assetId };
          const own = whole.items.filter((event) => event.assetId === assetId || event.assetId === null);
          for (const index of [fleet, old]) expect((await withinScope(scope, () => ask(index, undefined))).items).toEqual(own);
        }
        const assets = await assetThings(world, fleet);
        for (const text of texts) {
          const { query: parsed } = parseQuery(text, 'event', world.now);
          const expected = whole.items.filter((event) => parsed && matchesThing(parsed, toThing(event, assets)));
          for (const index of [fleet, old]) {
            const found = await ask(index, text);
            const charted = found.chart?.kinds.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0);
            expect({ text, items: found.items, total: found.total, charted }).toEqual({
              text,
              items: expected,
              total: expected.length,
              charted: expected.length,
            });
          }
        }
        for (const index of [fleet, old]) {
          for (const sort of EventSorting.options) {
            // What is alike is newest first, as the list is that is not sorted.
            const sorted = whole.items.toSorted((a, b) => compareValues(placeBy(sort, a), placeBy(sort, b)));
            for (const direction of SortDirection.options) {
              const expected = direction === 'ascending' ? sorted : sorted.toReversed();
              const read = (page: Partial<EventWish>) => ask(index, undefined, { sort, direction, ...page });
              expect([sort, direction, (await read({})).items]).toEqual([sort, direction, expected]);
              expect([sort, direction, await follow(read, 7)]).toEqual([sort, direction, expected]);
              expect((await read({ limit: 2, offset: 3 })).items).toEqual(expected.slice(3, 5));
              const [own] = whole.items.flatMap(({ assetId }) => assetId ?? []);
              const scope = { organizationId, assetIds: new Set([own ?? '']), key: own ?? '' };
              const seen = expected.filter(({ assetId }) => assetId === own || assetId === null);
              expect(await withinScope(scope, () => follow(read, 4))).toEqual(seen);
            }
          }
        }
      },
    );
    await fc.assert(property, { numRuns: 6 });
  }, 300_000);
});

/** By what an event is sorted, as it says it itself. */
function placeBy(sort: EventSorting, event: FleetEvent): string | number {
  if (sort === 'at') return 0;
  return sort === 'severity' ? -(event.severity ?? 0) : event[sort] || '~';
}

async function follow(ask: (page: { limit: number; after?: string }) => Promise<List>, limit: number): Promise<FleetEvent[]> {
  const items: FleetEvent[] = [];
  for (let next: string | null | undefined; next !== null;) {
    const page: List = await ask({ limit, ...(next === undefined ? {} : { after: next }) });
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

async function assetThings(world: HistoryWorld, fleetIndex: FleetIndex): Promise<ReadonlyMap<string, Thing>> {
  const [organizationId] = world.organizationIds;
  const asked = { organizationId, now: new Date(world.now), limit: 10, offset: 0, silence };
  const { items } = await findAssets({ db: world.db, fleetIndex }, asked);
  const names = ['informational', 'low', 'medium', 'high', 'critical'] as const;
  return new Map(
    items.map(({ assetId, release, packages, detections }) => {
      const detection = names.flatMap((name, index) => Array.from({ length: detections[name] }, () => ({ severity: index + 1 })));
      return [assetId, { release, packages, detection }];
    }),
  );
}

function toThing({ at, assetId, ...event }: FleetEvent, assets: ReadonlyMap<string, Thing>): Thing {
  const { kind, status, cause, collector, version, previous, check, name, severity } = event;
  const asset = assetId === null ? undefined : assets.get(assetId);
  return {
    kind,
    status,
    cause,
    collector,
    version,
    previous,
    check,
    name,
    severity,
    package: event.package,
    at: Date.parse(at),
    asset: asset ? [asset] : [],
  };
}
