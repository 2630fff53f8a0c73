import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type Moment, settle, takeChecks } from './apply-changes.ts';
import type { BuiltIndex } from './fleet-index.ts';
import { type Cursor, isMade, untilAt } from './cursor.ts';
import { verdictsFrom } from './read-changes.ts';
import type { IndexedVerdict, VerdictBook } from './verdict-book.ts';

/** Package versions that one print tells of. */
const pageSize = 500;
/** Others have a turn after so many verdicts. */
const turn = 20_000;

/** A prime, and a factor with which every number below stays exact in JavaScript, too. */
const [modulus, factor] = [2_147_483_647, 1_000_003];

interface Part {
  readonly of: (verdict: IndexedVerdict) => number;
  readonly column: (cursor: Cursor) => RawBuilder<unknown>;
}

/**
 * What a verdict's number is made of, here and in SQL. Not of the fix, which lists of upgrades name: a text would be another number here.
 */
const parts: readonly Part[] = [
  { of: ({ packageVersion }) => packageVersion, column: () => sql`package_version_id::bigint` },
  { of: ({ check }) => check, column: () => sql`check_number` },
  { of: ({ validFrom }) => validFrom, column: () => sql`valid_from` },
  { of: ({ from }) => Math.round(from), column: () => sql`(extract(epoch from from_at) * 1000)::bigint` },
  {
    of: ({ until }) => (until === Number.POSITIVE_INFINITY ? 0 : Math.round(until)),
    column: (cursor) => sql`coalesce((extract(epoch from ${untilAt(cursor)}) * 1000)::bigint, 0)`,
  },
  {
    of: ({ confirmed, potential }) => (confirmed ? 2 : potential ? 1 : 0),
    column: () => sql`case confidence when 'confirmed' then 2 when 'potential' then 1 else 0 end`,
  },
];

function numberInSql(cursor: Cursor): RawBuilder<unknown> {
  const columns = parts.map(({ column }) => column(cursor));
  return columns.reduce((number, column) => sql`((${number} * ${sql.lit(factor)} + ${column}) % ${sql.lit(modulus)})`);
}

/** How many verdicts there are, and the sum of their numbers, in whatever order. */
class Print {
  #count = 0;
  #sum = 0;

  add(verdict: IndexedVerdict): void {
    this.#count += 1;
    this.#sum += parts.map(({ of }) => of(verdict)).reduce((number, part) => (number * factor + part) % modulus);
    this.#sum %= modulus;
  }

  toString(): string {
    return `${this.#count} ${this.#sum}`;
  }
}

function printOf(verdicts: Iterable<IndexedVerdict>): string {
  const print = new Print();
  for (const verdict of verdicts) print.add(verdict);
  return print.toString();
}

/** Pages of package versions of which the index knows other verdicts than the database; see mendVerdicts. */
export async function differingPages(tx: Kysely<Database>, { book, cursor }: BuiltIndex): Promise<number[]> {
  const { rows } = await sql<{ page: number; print: string }>`
    select package_version_id / ${sql.lit(pageSize)} as page,
      count(*) || ' ' || sum(${numberInSql(cursor)}) % ${sql.lit(modulus)} as print
    from verdict where ${isMade(cursor)} group by 1`.execute(tx);
  const stored = new Map(rows.map(({ page, print }) => [page, print]));
  const known = new Map<number, Print>();
  let visited = 0;
  for (const packageVersion of book.packageVersions()) {
    const page = Math.floor(packageVersion / pageSize);
    const print = known.get(page) ?? new Print();
    known.set(page, print);
    for (const verdict of verdictsIn(book, packageVersion)) print.add(verdict);
    visited += book.verdictsOn(packageVersion).length;
    if (visited < turn) continue;
    visited = 0;
    await nextTurn();
  }
  return [...new Set([...stored.keys(), ...known.keys()])].filter((page) => stored.get(page) !== known.get(page)?.toString());
}

/** Reads verdicts on these pages again where they still differ, and what follows from them. Returns on how many package versions they did. */
export async function mendVerdicts(
  tx: Kysely<Database>,
  built: BuiltIndex,
  { pages, ...moment }: Moment & { readonly pages: readonly number[] },
): Promise<number> {
  const { book, cursor } = built;
  const stored = new Map<number, IndexedVerdict[]>();
  const wanted = { firsts: pages.map((page) => page * pageSize), count: pageSize };
  for await (const some of verdictsFrom(tx, wanted, cursor)) {
    for (const [packageVersion, own] of Map.groupBy(some, (verdict) => verdict.packageVersion)) {
      stored.set(packageVersion, [...(stored.get(packageVersion) ?? []), ...own]);
    }
  }
  const known = [...book.packageVersions()].filter((id) => pages.includes(Math.floor(id / pageSize)));
  const wrong = [...new Set([...stored.keys(), ...known])].filter(
    (id) => printOf(stored.get(id) ?? []) !== printOf(verdictsIn(book, id)),
  );
  if (wrong.length === 0) return 0;
  // A verdict that is missing may be of a check that is.
  await takeChecks(tx, built, 0);
  const changed = new Map<number, Set<number>>();
  const note = (packageVersion: number): void => {
    for (const { place } of book.verdictsOn(packageVersion)) {
      changed.set(place, (changed.get(place) ?? new Set()).add(packageVersion));
    }
  };
  for (const packageVersion of wrong) {
    note(packageVersion);
    book.forget(packageVersion);
    for (const verdict of stored.get(packageVersion) ?? []) book.enterVerdict(verdict);
    note(packageVersion);
  }
  const judged = new Map([[null, [...changed].map(([place, packageVersions]) => ({ place, packageVersions, ended: true }))]]);
  await settle(tx, built, { judged, changes: new Map(), ...moment });
  return wrong.length;
}

function* verdictsIn(book: VerdictBook, packageVersion: number): Iterable<IndexedVerdict> {
  for (const { place, ...verdict } of book.verdictsOn(packageVersion)) {
    yield { ...verdict, packageVersion, check: book.checks[place]?.number ?? 0 };
  }
}
