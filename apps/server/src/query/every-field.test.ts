import { compareDebianVersions } from '@vedette/ecosystems';
import { entities, type EntityName, foldQuery, matchesThing, parseQuery, type Query, type Thing } from '@vedette/query';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Pick, termsOf } from '../testing/every-term.ts';
import { collectThings, knownFields, openAmong, softwareKey, type Things } from '../testing/fleet-things.ts';
import { playFleet, randomFleet } from '../testing/random-fleet.ts';
import type { TestCaller } from '../testing/people-world.ts';
import { type TestServer, testServer } from '../testing/test-server.ts';

/** More than everyday tests look at: VEDETTE_QUERY_FLEETS=50. */
const fleets = Number(process.env['VEDETTE_QUERY_FLEETS'] ?? 1);
const abouts = Object.keys(entities) as EntityName[]; // its own keys

/** Where a query of each is asked, so that each compiler answers; %B: the beginning, %N: a moment at which all was as now. */
const ways: Readonly<Record<EntityName, readonly string[]>> = {
  asset: ['/assets?limit=500', '/assets?limit=500&asOf=%N'],
  // With a filter beside it, the histories answer.
  detection: ['/detections?limit=500', '/detections?limit=500&severity=1', '/detections?limit=500&asOf=%N'],
  check: ['/checks?limit=500', '/checks?limit=500&asOf=%N'],
  software: ['/software?limit=500', '/software?limit=500&asOf=%N'],
  event: ['/events?limit=500&from=%B', '/events?limit=500&from=%B by the histories'],
};

/** What the index cannot tell, and stretches of time with nothing in them, are refused with reasons. */
const refusals = /upgrade is of what is open now|can(?:not)? be asked for|the first moment lies before the last/;

it.each(abouts)('the test knows every field of %s', (about) => {
  expect(knownFields[about].toSorted()).toEqual(entities[about].fields.map(({ name }) => name).toSorted());
});

it('each field with each operator finds by index, by database and of a moment what looking at each finds', async () => {
  const property = fc.asyncProperty(randomFleet, fc.gen(), async (fleet, generate) => {
    await using database = await throwAwayDatabase();
    await using server = await testServer(database);
    await using unindexed = await testServer(database);
    const { caller, machines, begin } = await playFleet(server, syncDocument, fleet);
    unindexed.clock.now = server.clock.now;
    // Whatever is asked of this one lies before its window.
    const blind = await unindexed.context.fleetIndex.current(caller.organizationId);
    [blind.since, blind.deepSince] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const things = await collectThings(server, caller, { machines, begin });
    const pick: Pick = (from) => from[generate(fc.nat, from.length - 1)]!; // one of them
    const moments = { '%N': new Date(server.clock.now.getTime() - 1000).toISOString(), '%B': begin.toISOString() };
    const ask = (way: string, text: string): Promise<Found | null> => {
      const [path = '', other] = way.replace(/%[NB]/, (moment) => moments[moment as keyof typeof moments]).split(' ');
      return answerOf(other ? unindexed : server, caller, `${path}&query=${encodeURIComponent(text)}`);
    };
    for (const about of abouts) {
      for (const field of entities[about].fields) {
        let answers = 0;
        for (const term of termsOf(field, [...things[about].values()], pick)) {
          const text = pick([term, term, `not ${term}`]);
          const expected = lookAtEach(things, { about, text, now: server.clock.now });
          const way = pick(ways[about]);
          const answer = await ask(way, text);
          if (!answer) continue;
          answers += 1;
          const found = answer.items.map((item) => keyOf(about, item)).toSorted();
          expect({ way, text, found, total: answer.total }).toEqual({ way, text, found: expected, total: expected.length });
        }
        expect({ about, field: field.name, isAnswered: answers > 0 }).toMatchObject({ isAnswered: true });
      }
    }
  });
  await fc.assert(property, { numRuns: fleets, endOnFailure: true });
}, 3_600_000);

interface Found {
  readonly total: number;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

/** Null where it is refused for one of the known reasons. */
async function answerOf({ app }: TestServer, { headers }: TestCaller, path: string): Promise<Found | null> {
  const reply = await app.inject({ url: `/api/v1${path}`, headers });
  if (reply.statusCode === 400 && refusals.test(reply.body)) return null;
  if (reply.statusCode !== 200) throw new Error(`${path}: ${reply.body}`);
  return reply.json();
}

function lookAtEach(things: Things, asked: { readonly about: EntityName; readonly text: string; readonly now: Date }): string[] {
  const { about, text } = asked;
  const { query } = parseQuery(text, about, asked.now.getTime());
  if (!query) throw new Error('no query is empty here');
  const isWanted = wantedDetections(text);
  const moments = beginnings(query);
  const found = [...things[about]].flatMap(([key, thing]) => {
    if (about === 'detection' && !isWanted(thing)) return [];
    const detections = (thing['detection'] ?? []) as readonly Thing[];
    const whole = about === 'asset' ? { ...thing, detection: detections.filter(isWanted) } : thing;
    return matchesThing(query, openAmong(whole, moments), compareVersions)
      ? [about === 'software' ? softwareKey(thing as never) : key]
      : [];
  });
  return [...new Set(found)].toSorted();
}

/** Where the stretches of time begin for which it asks: what was open in one was so then, or began in it. */
function beginnings(query: Query): number[] {
  return foldQuery<number[]>(query, {
    all: (parts) => parts.flat(),
    any: (parts) => parts.flat(),
    not: (part) => part,
    test: (_, test) => (test.is === 'range' ? [test.isOpen ? test.from + 1 : test.from] : []),
    nested: (_, part) => beginnings(part),
  });
}

/** Open ones that no exception covers, unless the query says otherwise. */
function wantedDetections(text: string): (thing: Thing) => boolean {
  const [speaksOfFixed, speaksOfException] = [/\b(?:status|fixedAt):/.test(text), /\bexception(?:Id)?:/.test(text)];
  return (thing) => (speaksOfFixed || thing['status'] !== 'fixed') && (speaksOfException || thing['exception'] === false);
}

/** What a probe reads is no version. */
function compareVersions(own: string, asked: string): number | null {
  return /^\d/.test(own) ? compareDebianVersions(own, asked) : null;
}

function keyOf(about: EntityName, item: Readonly<Record<string, unknown>>): string {
  switch (about) {
    case 'asset':
      return String(item['assetId']);
    case 'detection':
      return `${String(item['assetId'])} ${String(item['check'])}`;
    case 'check':
      return String(item['number']);
    case 'software':
      return softwareKey(item as never); // has these parts
    case 'event':
      return String(item['eventId']);
  }
}
