import { type Ecosystem, ecosystems } from '@vedette/ecosystems';
import { type FactName, type FactRow, facts, type FactValue, postureFact, type SortDirection } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { containing } from '../detections/like.ts';
import { FactBases } from '../inventory/fact-bases.ts';
import { loadFactHistory, loadFacts } from '../inventory/fact-rows.ts';
import { packagesAt } from '../inventory/packages-at.ts';
import { storedKey } from '../inventory/row-change.ts';
import { refKey } from '../inventory/asset-ref.ts';
import { judgedCollectors, managers } from '../inventory/release.ts';

export interface FactQuery {
  readonly organizationId: string;
  readonly assetId: string;
  readonly collector: string;
  readonly search?: string | undefined;
  /** A moment of the past; null or absent for now. */
  readonly asOf?: Date | null | undefined;
  /** A column; by key where absent. */
  readonly sort?: string | undefined;
  readonly direction?: SortDirection;
  readonly limit: number;
  readonly offset: number;
}

interface FactPage {
  readonly total: number;
  readonly items: Record<string, unknown>[];
}

/** Rows of one collector now or as of a moment, sorted by key. */
export async function findFacts(db: Kysely<Database>, query: FactQuery): Promise<FactPage> {
  if (judgedCollectors.includes(query.collector)) return findPackages(db, query);
  const kept = query.asOf ? await factsThen(db, query, query.asOf) : await factsNow(db, query);
  const wanted = query.search?.toLowerCase();
  const found = wanted === undefined || wanted === '' ? kept : kept.filter((row) => mentions(row, wanted));
  const { sort, direction, offset, limit } = query;
  const ordered = sort === undefined ? found : inOrder(found, sort, direction === 'descending');
  return { total: found.length, items: ordered.slice(offset, offset + limit) };
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** By the values of a column; rows without one come last, whichever way round. */
function inOrder(rows: readonly FactRow[], column: string, isDescending: boolean): FactRow[] {
  const valueOf = (row: FactRow): FactValue => (Object.hasOwn(row, column) ? (row[column] ?? null) : null);
  const isMissing = (value: FactValue) => value === null || value === '';
  return rows.toSorted((one, other) => {
    const [a, b] = [valueOf(one), valueOf(other)];
    if (isMissing(a) || isMissing(b)) return Number(isMissing(a)) - Number(isMissing(b));
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(textOf(a), textOf(b));
    return isDescending ? -order : order;
  });
}

async function factsNow(db: Kysely<Database>, query: FactQuery): Promise<FactRow[]> {
  const held = await loadFacts(db, new FactBases(db), [query]);
  return [...(held.get(refKey(query))?.rows.values() ?? [])].map(({ row }) => row);
}

/** What all changes until then left. */
async function factsThen(db: Kysely<Database>, query: FactQuery, asOf: Date): Promise<FactRow[]> {
  if (!Object.hasOwn(facts, query.collector)) return [];
  const columns = facts[query.collector as FactName].key;
  const rows = new Map<string, FactRow>();
  for (const { at, added, removed } of await loadFactHistory(db, new FactBases(db), query)) {
    if (at > asOf) break;
    for (const key of removed) rows.delete(key);
    for (const row of added) rows.set(storedKey(row, columns), row);
  }
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** Whether any value of the row holds this text, in letters of either case. */
function mentions(row: FactRow, lowerCase: string): boolean {
  return Object.values(row).some((value) => value !== null && textOf(value).toLowerCase().includes(lowerCase));
}

/** A list as PostgreSQL writes it: the search of packages and that of other facts find alike. */
function textOf(value: FactValue): string {
  return Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]` : String(value);
}

async function findPackages(db: Kysely<Database>, query: FactQuery): Promise<FactPage> {
  const { collector, sort, direction, offset, limit } = query;
  const isByVersion = (sort === 'version' || sort === 'sourceVersion') && Object.hasOwn(managers, collector);
  if (!isByVersion) return selectPackages(db, query);
  // SQL does not know this order, and an asset has few enough packages to be sorted here.
  const { total, items } = await selectPackages(db, { ...query, sort: undefined, limit: null, offset: 0 });
  const { compareVersions } = ecosystems[managers[collector as keyof typeof managers]];
  const ordered = byVersion(items, (row) => textIn(row[sort]), {
    compareVersions,
    isDescending: direction === 'descending',
  });
  return { total, items: ordered.slice(offset, offset + limit) };
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

interface VersionOrder extends Pick<Ecosystem, 'compareVersions'> {
  readonly isDescending: boolean;
}

/** What is no version of the ecosystem comes last, whichever way round. */
function byVersion<Row>(
  rows: readonly Row[],
  versionOf: (row: Row) => string,
  { compareVersions, isDescending }: VersionOrder,
): Row[] {
  const isVersion = (row: Row): boolean => {
    try {
      return compareVersions(versionOf(row), versionOf(row)) === 0;
    } catch {
      return false;
    }
  };
  const { versions = [], others = [] } = Object.groupBy(rows, (row) => (isVersion(row) ? 'versions' : 'others'));
  versions.sort((a, b) => compareVersions(versionOf(a), versionOf(b)));
  return [...(isDescending ? versions.toReversed() : versions), ...others];
}

async function selectPackages(
  db: Kysely<Database>,
  query: Omit<FactQuery, 'limit'> & { readonly limit: number | null },
): Promise<FactPage> {
  const { collector, search, sort, direction, limit, offset } = query;
  const order =
    sort === undefined
      ? sql``
      : sql`nullif(body ->> ${sort}, '') ${direction === 'descending' ? sql`desc` : sql`asc`} nulls last,`;
  const { rows } = await sql<{ body: Record<string, unknown>; total: number }>`
    select body, count(*) over ()::integer as total from (
      select ${bodyOf(collector)}
      from ${packagesAt(query)}
    ) as fact
    where ${search ? sql`exists (select from jsonb_each_text(body) where value ilike ${containing(search)})` : sql`true`}
    order by ${order} sort_key
    limit ${limit} offset ${offset}`.execute(db);
  if (rows.length === 0 && offset > 0) return { ...(await selectPackages(db, { ...query, limit: 1, offset: 0 })), items: [] };
  return { total: rows[0]?.total ?? 0, items: rows.map(({ body }) => body) };
}

/** What a row was before it became a number of the dictionary, and by what it is sorted. */
function bodyOf(collector: string): RawBuilder<unknown> {
  // See postureRow in inventory/package-version-row.ts.
  if (collector === postureFact.name)
    return sql`
      source || ' ' || package_version.name as sort_key,
      jsonb_build_object('probe', source, 'subject', package_version.name, 'value', version, 'where', source_version) as body`;
  const columns = { dpkg: sql`jsonb_build_object('state', state)`, rpm: sql`jsonb_build_object('module', module)` };
  const own = collector === 'dpkg' || collector === 'rpm' ? columns[collector] : sql`'{}'::jsonb`;
  return sql`
    package_version.name || ' ' || package_version.architecture || ' ' || version as sort_key, jsonb_build_object(
      'name', package_version.name, 'version', version, 'architecture', architecture, 'source', source,
      'sourceVersion', source_version) || ${own} as body`;
}
