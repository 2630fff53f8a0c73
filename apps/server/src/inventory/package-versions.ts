import { debianVersionKey, VersionError } from '@vedette/ecosystems';
import { sql } from 'kysely';
import type { PackageRole } from '../db/schema.ts';
import { judgePackageVersions } from '../knowledge/judge-package-versions.ts';
import type { Tx } from './asset-ref.ts';

/** A package version before it has a number. */
export interface PackageVersionRow {
  readonly ecosystem: string;
  readonly release: string;
  readonly role: PackageRole;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  readonly sourceVersion: string;
  readonly state: string;
  readonly rowHash: Buffer;
}

/**
 * Numbers of these package versions; those never seen on any asset are entered and judged at once, so that whoever has them
 * next finds the verdict ready. The caller holds the shared knowledge lock.
 */
export async function internPackageVersions(tx: Tx, unordered: readonly PackageVersionRow[]): Promise<number[]> {
  if (unordered.length === 0) return [];
  // In one order whoever enters them: two assets that bring the same new versions at once would otherwise wait for each other.
  const rows = unordered.toSorted((a, b) => Buffer.compare(a.rowHash, b.rowHash));
  const inserted = await sql<{ id: number }>`
    insert into package_version
      (ecosystem, release, role, name, version, architecture, source, source_version, state, version_key, row_hash)
    select * from unnest(
      ${rows.map((row) => row.ecosystem)}::text[], ${rows.map((row) => row.release)}::text[], ${rows.map((row) => row.role)}::text[],
      ${rows.map((row) => row.name)}::text[], ${rows.map((row) => row.version)}::text[], ${rows.map((row) => row.architecture)}::text[],
      ${rows.map((row) => row.source)}::text[], ${rows.map((row) => row.sourceVersion)}::text[], ${rows.map((row) => row.state)}::text[],
      ${rows.map((row) => versionKey(row.sourceVersion))}::bytea[], ${rows.map((row) => row.rowHash)}::bytea[]
    )
    on conflict (ecosystem, release, role, row_hash) do nothing
    returning id`.execute(tx);
  if (inserted.rows.length > 0)
    await judgePackageVersions(
      tx,
      inserted.rows.map(({ id }) => id),
    );
  const numbers = await sql<{ id: number }>`
    select id from package_version
    join unnest(
      ${rows.map((row) => row.ecosystem)}::text[], ${rows.map((row) => row.release)}::text[],
      ${rows.map((row) => row.role)}::text[], ${rows.map((row) => row.rowHash)}::bytea[]
    ) as wanted (ecosystem, release, role, row_hash) using (ecosystem, release, role, row_hash)`.execute(tx);
  return numbers.rows.map(({ id }) => id);
}

/** Null for text that is no version: such a package is unassessed, never silently clean. */
function versionKey(version: string): Buffer | null {
  try {
    return Buffer.from(debianVersionKey(version));
  } catch (error) {
    if (error instanceof VersionError) return null;
    throw error;
  }
}
