import { mergeKnowledge } from '@vedette/feeds';
import { buildChecks } from '@vedette/matching';
import type { Advisory, Vulnerability } from '@vedette/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CheckMaker } from './check-maker.ts';

const base = 'starter';
const feedNames = ['debian-dsa', 'osv-go'] as const;

const advisory = (feed: fc.Arbitrary<string>): fc.Arbitrary<Advisory> =>
  fc
    .record({
      feed,
      id: fc.integer({ min: 1, max: 6 }),
      cve: fc.integer({ min: 1, max: 4 }),
      fixed: fc.integer({ min: 1, max: 3 }),
    })
    .map(({ feed: name, id, cve, fixed }) => ({
      id: `DSA-${id}-1`,
      feed: name,
      published: `2024-05-0${id}`,
      vulnerabilities: [`CVE-2024-${1000 + cve}`],
      affected: [
        { ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'fixed', introduced: null, fixed: `1.${fixed}` },
      ],
    }));
const facts: fc.Arbitrary<Vulnerability> = fc
  .record({ cve: fc.integer({ min: 1, max: 4 }), epss: fc.option(fc.constantFrom(0.1, 0.9)) })
  .map(({ cve, epss }) => ({
    id: `CVE-2024-${1000 + cve}`,
    published: null,
    cvss: [],
    cwe: [],
    kevSince: null,
    epss: epss === null ? null : { score: epss, percentile: epss, date: '2024-05-01' },
  }));
const records = (feed: fc.Arbitrary<string>) =>
  fc.record({ advisories: fc.array(advisory(feed), { maxLength: 6 }), vulnerabilities: fc.array(facts, { maxLength: 4 }) });
const step = fc.oneof(
  ...[base, ...feedNames].map((feed) =>
    fc.record({
      feed: fc.constant(feed),
      said: fc.option(records(feed === base ? fc.constantFrom(...feedNames) : fc.constant(feed))),
    }),
  ),
);

it('makes after any changes of its feeds the checks that all of it makes at once', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const maker = new CheckMaker();
      const said = new Map<string, { advisories: readonly Advisory[]; vulnerabilities: readonly Vulnerability[] }>();
      for (const { feed, said: now } of steps) {
        if (now === null) said.delete(feed);
        else said.set(feed, now);
        if (now === null) maker.forget(feed);
        else maker.put(feed, structuredClone(now)); // as it comes out of the database: other objects

        expect(maker.merge(base, feedNames)).toEqual([]);
        const { total } = maker.make([], '2024-05-31');

        const starter = said.get(base);
        const read = feedNames.flatMap((name) => said.get(name) ?? []);
        const rest = starter?.advisories.filter((one) => !said.has(one.feed)) ?? [];
        const inputs = [...(starter ? [{ ...starter, advisories: rest }] : []), ...read];
        const { checks } = buildChecks(mergeKnowledge(inputs.map((input) => ({ ...input, origins: [] }))));
        expect(maker.take(checks.map(({ number }) => number)).map(({ check }) => check)).toEqual(checks);
        expect(total).toBe(checks.length);
        expect(maker.compare(maker.hashes)).toEqual({ changed: [], gone: [] });
      }
    }),
    { numRuns: 200 },
  );
});

it('tells what is new, other and gone, and passes over a date that alone was touched', () => {
  const maker = new CheckMaker();
  const one = (number: number, fixed: string, modified: string): Advisory => ({
    id: `DSA-${number}-1`,
    feed: 'debian-dsa',
    published: '2024-05-01',
    modified,
    vulnerabilities: [`CVE-2024-${1000 + number}`],
    affected: [{ ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'fixed', introduced: null, fixed }],
  });
  maker.use({
    advisories: [one(1, '1', '2024-06-01'), one(2, '1', '2024-06-01'), one(3, '1', '2024-06-01')],
    vulnerabilities: [],
    origins: [],
  });
  maker.make([], '2024-06-01');
  const before = maker.hashes;
  const [first, second, third] = [...before.keys()];
  maker.use({
    advisories: [one(1, '1', '2024-07-01'), one(2, '2', '2024-06-01'), one(4, '1', '2024-06-01')],
    vulnerabilities: [],
    origins: [],
  });
  const { newest } = maker.make([], '2024-04-30');
  const [, , fourth] = [...maker.hashes.keys()];
  expect(maker.compare(before)).toEqual({ changed: [second, fourth], gone: [third] });
  expect(first).toBeDefined();
  expect(newest).toBeNull();
});
