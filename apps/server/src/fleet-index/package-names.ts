import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

export interface PackageName {
  readonly name: string;
  /** installed; or running or dormant, of kernels. */
  readonly role: string;
}

const unknown: PackageName = { name: '', role: 'installed' };

/** Names of package versions, by their numbers. They never change: each is read once, and is then kept. */
export class PackageNames {
  readonly #known = new Map<number, PackageName>();
  /** Thousands of versions have the same name; they share one object. */
  readonly #shared = new Map<string, PackageName>();

  async load(db: Kysely<Database>, packageVersions: Iterable<number>): Promise<void> {
    const missing = [...packageVersions].filter((id) => !this.#known.has(id));
    if (missing.length === 0) return;
    const { rows } = await sql<PackageName & { id: number }>`
      select id, name, role from package_version where id = any(${missing}::integer[])`.execute(db);
    for (const { id, name, role } of rows) {
      const key = `${role} ${name}`;
      const shared = this.#shared.get(key) ?? { name, role };
      this.#shared.set(key, shared);
      this.#known.set(id, shared);
    }
  }

  /** Without a name for what was not loaded. */
  of(packageVersion: number): PackageName {
    return this.#known.get(packageVersion) ?? unknown;
  }
}
