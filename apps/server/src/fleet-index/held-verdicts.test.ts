import fc from 'fast-check';
import { expect, it } from 'vitest';
import { holds, VerdictBook } from './verdict-book.ts';

const checks = [1, 2, 3];
const packageVersions = [10, 11, 12, 13];

/** A verdict, which ends where its time is over; or everything about a package version forgotten; or a look, which keeps what it puts together. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('verdict' as const),
    check: fc.constantFrom(...checks),
    packageVersion: fc.constantFrom(...packageVersions),
    from: fc.integer({ min: 1, max: 4 }),
    lasts: fc.option(fc.integer({ min: 1, max: 3 })),
    fixed: fc.option(fc.constantFrom<string>('a 1', 'a 2', 'b 1')),
  }),
  fc.record({ kind: fc.constant('forget' as const), packageVersion: fc.constantFrom(...packageVersions) }),
  fc.record({ kind: fc.constant('look' as const) }),
  fc.record({ kind: fc.constant('past' as const), moment: fc.integer({ min: 0, max: 8 }) }),
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

it('are all that hold, by the upgrade that ends them, whatever came and ended since, in books of the past, too', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const book = new VerdictBook();
      for (const number of checks) {
        book.enterCheck({ number, name: `CVE-${number}`, severity: 3, exploited: false, epss: null, cvss: null });
      }
      const past: { readonly book: VerdictBook; readonly expected: unknown }[] = [];
      const [looks, expectedLooks]: [unknown[], unknown[]] = [[], []];
      for (const one of steps) {
        if (one.kind === 'past') past.push({ book: book.at(one.moment), expected: heldThen(book, one.moment) });
        else take(book, one);
        if (one.kind === 'look') {
          looks.push(heldIn(book));
          expectedLooks.push(heldThen(book, Number.POSITIVE_INFINITY));
        }
      }
      expect(looks).toEqual(expectedLooks);
      expect(heldIn(book)).toEqual(heldThen(book, Number.POSITIVE_INFINITY));
      for (const { book: own, expected } of past) expect(heldIn(own)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

it('have the same lists and the same key where checks are about the same package versions', () => {
  const book = new VerdictBook();
  for (const number of checks) {
    book.enterCheck({ number, name: `CVE-${number}`, severity: 3, exploited: false, epss: null, cvss: null });
    for (const packageVersion of number === 3 ? [10, 12] : [12, 10])
      take(book, { kind: 'verdict', check: number, packageVersion, from: number, lasts: null, fixed: `a ${number}` });
  }
  const [one, two, three] = checks.map((_, place) => book.heldBy(place));
  expect(one?.parts[0]?.ids).toEqual([10, 12]);
  expect(two?.parts[0]?.ids).toBe(one?.parts[0]?.ids);
  expect([two?.key, three?.key]).toEqual([one?.key, one?.key]);
  expect(book.at(9).heldBy(0).parts[0]?.ids).toBe(one?.parts[0]?.ids);
});

function take(book: VerdictBook, one: Exclude<Step, { kind: 'past' }>): void {
  if (one.kind === 'look') return;
  if (one.kind === 'forget') return book.forget(one.packageVersion);
  const { check, packageVersion, from, lasts, fixed } = one;
  const [source = '', version = ''] = fixed?.split(' ') ?? [];
  // Of one package version and check at most one verdict holds.
  const isHeld = book
    .verdictsOn(packageVersion)
    .some((known) => known.place === check - 1 && holds(known) && known.validFrom !== from);
  book.enterVerdict({
    packageVersion,
    check,
    validFrom: from,
    from,
    until: lasts === null && !isHeld ? Number.POSITIVE_INFINITY : from + (lasts ?? 1),
    confirmed: true,
    potential: false,
    upgrade: fixed === null ? null : { ecosystem: 'debian', release: 'r', source, fixed: version },
  });
}

/** By check what makes it true: source of the upgrade, versions and package versions. */
function heldIn(book: VerdictBook): unknown {
  return checks.map((_, place) => {
    const { parts } = book.heldBy(place);
    const own = parts.map(({ upgrade, versions, ids }) => [upgrade?.source ?? '', [...versions].toSorted(), [...ids]]);
    return own.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  });
}

/** The same by going through all verdicts; Infinity for those that hold now. */
function heldThen(book: VerdictBook, moment: number): unknown {
  return checks.map((_, place) => {
    const held = packageVersions.flatMap((id) => {
      const verdict = book.verdictsOn(id).find((one) => one.place === place && isThen(one, moment));
      return verdict ? [{ id, upgrade: verdict.upgrade }] : [];
    });
    const own = [...Map.groupBy(held, ({ upgrade }) => upgrade?.source ?? '')].map(([source, same]) => {
      const versions = new Set(same.flatMap(({ upgrade }) => upgrade?.fixed ?? []));
      return [source, [...versions].toSorted(), same.map(({ id }) => id)] as const;
    });
    return own.toSorted(([a], [b]) => (a < b ? -1 : 1));
  });
}

function isThen(verdict: { readonly from: number; readonly until: number }, moment: number): boolean {
  if (moment === Number.POSITIVE_INFINITY) return holds(verdict);
  return verdict.from <= moment && moment < verdict.until;
}
