import { ecosystems } from '@vedette/ecosystems';
import { type FactName, type FactRow, facts, postureFact, type SortDirection } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { readPlace, writePlace } from '../http/list-cursor.ts';
import { refKey } from '../inventory/asset-ref.ts';
import { FactBases } from '../inventory/fact-bases.ts';
import { loadFactHistory, loadFacts } from '../inventory/fact-rows.ts';
import { packagesAt } from '../inventory/packages-at.ts';
import { judgedCollectors, managers } from '../inventory/release.ts';
import { storedKey } from '../inventory/row-change.ts';
import { comparePlaces, type FactOrder, type KeyedFact, placeOf, placeTypes, readFactPlace, textOf } from './fact-order.ts';

export interface FactQuery {
  readonly organizationId: string;
  readonly assetId: string;
  readonly collector: string;
  readonly search?: string | undefined;
  /** A moment of the past; null or absent for now. */
  readonly asOf?: Date | null | undefined;
  /** A column; by key where absent, or where no row has it. */
  readonly sort?: string | undefined;
  readonly direction?: SortDirection;
  readonly limit: number;
  /** Counts from `after`. */
  readonly offset: number;
  /** Cursor of a page before. */
  readonly after?: string | undefined;
}

interface FactPage {
  readonly total: number;
  readonly items: FactRow[];
  readonly next: string | null;
}

/**
 * Rows of one collector now or as of a moment. An asset has few enough of them to be sorted here, also packages, whose versions have an
 * order that SQL does not know. Throws ApiError BAD_REQUEST for a cursor of another order.
 */
export async function findFacts(db: Kysely<Database>, query: FactQuery): Promise<FactPage> {
  const order = orderOf(query);
  const name = `${query.collector} ${order.column ?? ''} ${order.isDescending ? 'descending' : 'ascending'}`;
  const begin = query.after === undefined ? null : readFactPlace(readPlace(query.after, name, placeTypes));
  const rows = await loadRows(db, query);
  const wanted = query.search?.toLowerCase() ?? '';
  const found = wanted === '' ? rows : rows.filter(({ row }) => mentions(row, wanted));
  const compare = comparePlaces(order);
  const placed = found.map((fact) => ({ row: fact.row, place: placeOf(fact, order) }));
  const behind = begin === null ? placed : placed.filter(({ place }) => compare(place, begin) > 0);
  behind.sort((a, b) => compare(a.place, b.place));
  const end = query.offset + query.limit;
  const page = behind.slice(query.offset, end);
  const last = behind.length > end ? page.at(-1) : undefined;
  return { total: found.length, items: page.map(({ row }) => row), next: last ? writePlace(name, last.place) : null };
}

function orderOf({ collector, sort, direction }: FactQuery): FactOrder {
  const columns = Object.hasOwn(facts, collector) ? Object.keys(facts[collector as FactName].row.shape) : [];
  const column = sort !== undefined && columns.includes(sort) ? sort : undefined;
  const isOfVersions = (column === 'version' || column === 'sourceVersion') && Object.hasOwn(managers, collector);
  return {
    column,
    isDescending: direction === 'descending',
    compareVersions: isOfVersions ? ecosystems[managers[collector as keyof typeof managers]].compareVersions : undefined,
  };
}

async function loadRows(db: Kysely<Database>, query: FactQuery): Promise<KeyedFact[]> {
  if (judgedCollectors.includes(query.collector)) return loadPackages(db, query);
  return query.asOf ? factsThen(db, query, query.asOf) : factsNow(db, query);
}

async function factsNow(db: Kysely<Database>, query: FactQuery): Promise<KeyedFact[]> {
  const held = await loadFacts(db, new FactBases(db), [query]);
  return [...(held.get(refKey(query))?.rows.values() ?? [])];
}

/** What all changes until then left. */
async function factsThen(db: Kysely<Database>, query: FactQuery, asOf: Date): Promise<KeyedFact[]> {
  if (!Object.hasOwn(facts, query.collector)) return [];
  const columns = facts[query.collector as FactName].key;
  const rows = new Map<string, FactRow>();
  for (const { at, added, removed } of await loadFactHistory(db, new FactBases(db), query)) {
    if (at > asOf) break;
    for (const key of removed) rows.delete(key);
    for (const row of added) rows.set(storedKey(row, columns), row);
  }
  return Array.from(rows, ([key, row]) => ({ key, row }));
}

/** Whether any value of the row holds this text, in letters of either case. */
function mentions(row: FactRow, lowerCase: string): boolean {
  return Object.values(row).some((value) => value !== null && textOf(value).toLowerCase().includes(lowerCase));
}

async function loadPackages(db: Kysely<Database>, query: FactQuery): Promise<KeyedFact[]> {
  const { rows } = await sql<KeyedFact>`
    select ${bodyOf(query.collector)} from ${packagesAt(query)}`.execute(db);
  return rows;
}

/** What a row was before it became a number of the dictionary, and a key by which such rows are sorted. */
function bodyOf(collector: string): RawBuilder<unknown> {
  // See postureRow in inventory/package-version-row.ts.
  if (collector === postureFact.name)
    return sql`
      source || ' ' || package_version.name || ' ' || package_version.id as key,
      jsonb_build_object('probe', source, 'subject', package_version.name, 'value', version, 'where', source_version) as row`;
  const columns = { dpkg: sql`jsonb_build_object('state', state)`, rpm: sql`jsonb_build_object('module', module)` };
  const own = collector === 'dpkg' || collector === 'rpm' ? columns[collector] : sql`'{}'::jsonb`;
  return sql`
    package_version.name || ' ' || package_version.architecture || ' ' || version || ' ' || package_version.id as key, jsonb_build_object(
      'name', package_version.name, 'version', version, 'architecture', architecture, 'source', source,
      'sourceVersion', source_version) || ${own} as row`;
}
