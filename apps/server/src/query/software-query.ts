import { findEcosystem } from '@vedette/ecosystems';
import { postureEcosystem } from '@vedette/protocol';
import { type CompareVersions, type Field, foldQuery, matchesThing, parseQuery, type Query, type Test } from '@vedette/query';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { VersionRow } from '../fleet-index/kept-versions.ts';
import { parseNumbers } from '../fleet-index/read-histories.ts';
import { type Condition, meaningOfLists, testCondition } from './test-condition.ts';

/** A condition that holds for all that fit, and where it is exact for no other. */
interface Bound {
  readonly condition: Condition;
  readonly isExact: boolean;
}

type SoftwareRow = Omit<VersionRow, 'role'>;

/** Ids of the package versions that fit; also of what probes read, which is kept like packages. */
export async function findPackageVersions(db: Kysely<Database>, query: Query): Promise<number[]> {
  const { condition, isExact } = boundOfQuery(query);
  if (!isExact) return (await findSoftwareRows(db, query)).map(({ id }) => id);
  // Of "lib" there are tens of thousands: as one text they are read in a fraction of the time.
  const { rows } = await sql<{ ids: string }>`
    select coalesce(array_agg(id), '{}')::text as ids from package_version where ${condition}`.execute(db);
  return parseNumbers(rows[0]?.ids ?? '{}');
}

/** The same of what is installed, without what probes read. */
export async function findInstalledVersions(db: Kysely<Database>, query: Query): Promise<number[]> {
  const { query: isPackage } = parseQuery(`not ecosystem:${postureEcosystem}`, 'software', 0);
  return findPackageVersions(db, isPackage ? { kind: 'and', parts: [isPackage, query] } : query);
}

/** The package versions that fit. Versions are compared here, in the order of their ecosystem, of what the database leaves. */
async function findSoftwareRows(db: Kysely<Database>, query: Query): Promise<SoftwareRow[]> {
  const { condition, isExact } = boundOfQuery(query);
  const { rows } = await sql<SoftwareRow>`
    select id, name, version, source, ecosystem, release, architecture from package_version where ${condition}`.execute(db);
  return isExact ? rows : rows.filter((row) => matchesThing(query, { ...row }, versionOrder(row.ecosystem)));
}

function boundOfQuery(query: Query): Bound {
  return foldQuery<Bound>(query, {
    all: (parts) => boundOfList(parts, meaningOfLists.all),
    any: (parts) => boundOfList(parts, meaningOfLists.any),
    // The opposite of a condition that holds for too many would hold for too few.
    not: ({ condition, isExact }) => ({ condition: isExact ? meaningOfLists.not(condition) : sql`true`, isExact }),
    test: boundOf,
    nested: ({ name }) => {
      throw new Error(`software has no ${name}`);
    },
  });
}

function boundOfList(parts: readonly Bound[], join: (conditions: readonly Condition[]) => Condition): Bound {
  return { condition: join(parts.map(({ condition }) => condition)), isExact: parts.every(({ isExact }) => isExact) };
}

function boundOf(field: Field, test: Test): Bound {
  if (test.is === 'version') return { condition: sql`true`, isExact: false };
  return { condition: testCondition(sql.ref(`package_version.${field.name}`), field, test), isExact: true };
}

/** The order of an ecosystem; null where a version is none of its. */
function versionOrder(name: string): CompareVersions {
  const ecosystem = findEcosystem(name);
  return (a, b) => {
    try {
      return ecosystem?.compareVersions(a, b) ?? null;
    } catch {
      return null; // Not a version of this ecosystem: it is neither before nor behind.
    }
  };
}
