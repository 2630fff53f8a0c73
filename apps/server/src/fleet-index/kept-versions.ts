import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

/** A package version as the database has it. */
export interface VersionRow {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly source: string;
  readonly ecosystem: string;
  readonly release: string;
  readonly architecture: string;
  /** installed; or running or dormant, of kernels. */
  readonly role: string;
}

/** What is asked of package versions, by their numbers. They never change: each is read once, and is then kept. */
export class KeptVersions<Kept> {
  readonly #known = new Map<number, Kept>();
  /** Thousands are alike in what is asked; they share one object. */
  readonly #shared = new Map<string, Kept>();
  readonly #keyOf: (row: VersionRow) => string;
  readonly #keep: (row: VersionRow) => Kept;

  /** `keyOf`: the same for all of which `keep` would keep the same. */
  constructor(keyOf: (row: VersionRow) => string, keep: (row: VersionRow) => Kept) {
    [this.#keyOf, this.#keep] = [keyOf, keep];
  }

  get size(): number {
    return this.#known.size;
  }

  async load(db: Kysely<Database>, packageVersions: Iterable<number>): Promise<void> {
    const missing = new Set<number>();
    for (const id of packageVersions) if (!this.#known.has(id)) missing.add(id);
    if (missing.size === 0) return;
    const { rows } = await sql<VersionRow>`
      select id, name, version, source, ecosystem, release, architecture, role from package_version
      where id = any(${[...missing]}::integer[])`.execute(db);
    for (const row of rows) {
      const key = this.#keyOf(row);
      const kept = this.#shared.get(key) ?? this.#keep(row);
      this.#shared.set(key, kept);
      this.#known.set(row.id, kept);
    }
  }

  /** Undefined for what was not loaded. */
  of(packageVersion: number): Kept | undefined {
    return this.#known.get(packageVersion);
  }
}
