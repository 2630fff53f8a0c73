import { findEcosystem, VersionError } from '@vedette/ecosystems';
import { dpkgFact, postureEcosystem, postureFact, rpmFact } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database, PackageRole } from '../db/schema.ts';
import { inParts } from '../knowledge/in-parts.ts';
import type { AssetRelease } from './release.ts';
import { storedKey } from './row-change.ts';

/** A package version before it has a number. */
export interface PackageVersionRow extends AssetRelease {
  readonly role: PackageRole;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  readonly sourceVersion: string;
  /** Of dpkg; empty for managers that keep none. */
  readonly state: string;
  readonly module: string;
  readonly rowHash: Buffer;
}

/** What documents are compared with. Never changes: a package version is entered once and stays. */
interface KnownVersion extends AssetRelease {
  readonly key: string;
  /** One character a byte: a Buffer each would take three times the memory. */
  readonly hash: string;
  /** False for what holds no code: only configuration files are left. */
  readonly counts: boolean;
}

/** About 100 MB; a fleet of one distribution has some ten thousand. */
const defaultCeiling = 500_000;

/** The distinct package versions of all assets, kept in memory as far as they were needed. */
export class PackageVersions {
  readonly #db: Kysely<Database>;
  readonly #ceiling: number;
  readonly #known = new Map<number, KnownVersion>();
  readonly #numbers = new Map<string, number>();
  /** Assets share names, and so should we. */
  readonly #keys = new Map<string, string>();

  constructor(db: Kysely<Database>, ceiling = defaultCeiling) {
    this.#db = db;
    this.#ceiling = ceiling;
  }

  /** Brings these numbers into memory, so that `of` knows them until the next call. */
  async load(ids: Iterable<number>): Promise<void> {
    if (this.#known.size > this.#ceiling) for (const cache of [this.#known, this.#numbers, this.#keys]) cache.clear();
    const missing = new Set<number>();
    for (const id of ids) if (!this.#known.has(id)) missing.add(id);
    for (const part of inParts([...missing])) {
      const rows = await this.#db
        .selectFrom('packageVersion')
        .select(['id', 'ecosystem', 'release', 'role', 'name', 'version', 'architecture', 'source', 'state', 'rowHash'])
        .where('id', '=', sql<number>`any(${part})`)
        .execute();
      for (const row of rows) this.#remember(row.id, row);
    }
  }

  of(id: number): KnownVersion {
    const known = this.#known.get(id);
    if (!known) throw new Error(`package version ${id} is not stored`);
    return known;
  }

  /**
   * Numbers of these package versions, in their order. New ones are entered at once and for good, whatever becomes of the document that
   * brought them, and wait to be judged: an acknowledgement never waits for that. `fresh`: how many.
   */
  async enter(rows: readonly PackageVersionRow[]): Promise<{ ids: number[]; fresh: number }> {
    const names = rows.map(identity);
    const missing = new Map<string, PackageVersionRow>();
    for (const [index, name] of names.entries()) {
      const row = rows[index];
      if (row && !this.#numbers.has(name)) missing.set(name, row);
    }
    let fresh = 0;
    // In one order whoever enters them: two servers that bring the same new versions at once would otherwise wait for each other.
    const ordered = [...missing.values()].toSorted((a, b) => Buffer.compare(a.rowHash, b.rowHash));
    for (const part of inParts(ordered)) {
      fresh += await this.#insert(part);
      await this.#find(part);
    }
    const ids = names.map((name) => {
      const id = this.#numbers.get(name);
      if (id === undefined) throw new Error('a package version that was just entered is not there');
      return id;
    });
    return { ids, fresh };
  }

  async #insert(rows: readonly PackageVersionRow[]): Promise<number> {
    const { rows: counts } = await sql<{ fresh: number }>`
      with entered as (
        insert into package_version
          (ecosystem, release, role, name, version, architecture, source, source_version, state, version_key, row_hash, module)
        select * from unnest(
          ${rows.map((row) => row.ecosystem)}::text[], ${rows.map((row) => row.release)}::text[], ${rows.map((row) => row.role)}::text[],
          ${rows.map((row) => row.name)}::text[], ${rows.map((row) => row.version)}::text[],
          ${rows.map((row) => row.architecture)}::text[], ${rows.map((row) => row.source)}::text[],
          ${rows.map((row) => row.sourceVersion)}::text[], ${rows.map((row) => row.state)}::text[],
          ${rows.map(versionKey)}::bytea[], ${rows.map((row) => row.rowHash)}::bytea[],
          ${rows.map((row) => row.module)}::text[]
        ) as new (ecosystem, release, role, name, version, architecture, source, source_version, state, version_key, row_hash, module)
        where not exists (
          select from package_version as old
          where old.ecosystem = new.ecosystem and old.release = new.release and old.role = new.role and old.row_hash = new.row_hash)
        -- The planner may join in any order.
        order by row_hash, ecosystem, release, role
        on conflict (ecosystem, release, role, row_hash) do nothing
        returning id, ecosystem
      ), waiting as (
        insert into unjudged (package_version_id) select id from entered where ecosystem <> '' returning 1
      )
      select count(*)::integer as fresh from waiting`.execute(this.#db);
    return counts[0]?.fresh ?? 0;
  }

  async #find(rows: readonly PackageVersionRow[]): Promise<void> {
    const found = await sql<PackageVersionRow & { id: number }>`
      select package_version.* from package_version
      join unnest(
        ${rows.map((row) => row.ecosystem)}::text[], ${rows.map((row) => row.release)}::text[],
        ${rows.map((row) => row.role)}::text[], ${rows.map((row) => row.rowHash)}::bytea[]
      ) as wanted (ecosystem, release, role, row_hash) using (ecosystem, release, role, row_hash)`.execute(this.#db);
    for (const row of found.rows) this.#remember(row.id, row);
  }

  #remember(id: number, row: Omit<PackageVersionRow, 'sourceVersion' | 'module'>): void {
    const { ecosystem, release } = row;
    const text = keyOf(row);
    const key = this.#keys.get(text) ?? text;
    this.#keys.set(key, key);
    this.#known.set(id, { ecosystem, release, key, hash: row.rowHash.toString('latin1'), counts: row.state !== 'config-files' });
    this.#numbers.set(identity(row), id);
  }
}

function keyOf({
  ecosystem,
  name,
  architecture,
  version,
  source,
  state,
}: Omit<PackageVersionRow, 'sourceVersion' | 'module'>): string {
  if (ecosystem === postureEcosystem) return storedKey({ probe: source, subject: name }, postureFact.key);
  // Managers without states may keep several versions of a name: rpm's kernels.
  return storedKey({ name, architecture, version }, state === '' ? rpmFact.key : dpkgFact.key);
}

function identity({ ecosystem, release, role, rowHash }: Pick<PackageVersionRow, 'ecosystem' | 'release' | 'role' | 'rowHash'>) {
  return `${ecosystem} ${release} ${role} ${rowHash.toString('latin1')}`;
}

/** Null for text that is no version: such a package is unassessed, never silently clean. */
function versionKey({ ecosystem, sourceVersion }: PackageVersionRow): Buffer | null {
  try {
    const key = (findEcosystem(ecosystem) ?? findEcosystem('debian'))?.versionKey(sourceVersion);
    return key ? Buffer.from(key) : null;
  } catch (error) {
    if (error instanceof VersionError) return null;
    throw error;
  }
}
