import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

/** What is told as one, whichever of its versions come and go. */
export interface PackageItem {
  /** Name, architecture and ecosystem. */
  readonly ref: string;
  readonly name: string;
}

export interface PackageVersion {
  /** The same object for all versions of it. */
  readonly item: PackageItem;
  readonly version: string;
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly architecture: string;
  readonly ecosystem: string;
  readonly version: string;
}

/** So many are kept. */
const maxKept = 1_000_000;
const kept = new WeakMap<Kysely<Database>, PackageVersions>();

/** Package versions by their numbers. They never change: each is read once, and is then kept. */
export class PackageVersions {
  readonly #db: Kysely<Database>;
  readonly #known = new Map<number, PackageVersion>();
  readonly #items = new Map<string, PackageItem>();

  private constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  static of(db: Kysely<Database>): PackageVersions {
    const known = kept.get(db);
    if (known && known.#known.size < maxKept) return known;
    const versions = new PackageVersions(db);
    kept.set(db, versions);
    return versions;
  }

  async load(lists: Iterable<readonly number[]>): Promise<void> {
    const missing = new Set<number>();
    for (const ids of lists) for (const id of ids) if (!this.#known.has(id)) missing.add(id);
    if (missing.size === 0) return;
    const { rows } = await sql<Row>`
      select id, name, architecture, ecosystem, version from package_version where id = any(${[...missing]}::integer[])`.execute(
      this.#db,
    );
    for (const { id, name, architecture, ecosystem, version } of rows) {
      const ref = `${name} ${architecture} ${ecosystem}`;
      const item = this.#items.get(ref) ?? { ref, name };
      this.#items.set(ref, item);
      this.#known.set(id, { item, version });
    }
  }

  of(id: number): PackageVersion | undefined {
    return this.#known.get(id);
  }
}
