import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

/** A version of a package of a release, whatever its architecture and role. */
export interface SoftwareVersion {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  readonly ecosystem: string;
  readonly release: string;
  /** The same for what differs in nothing but the source package. */
  readonly key: string;
}

/** What package versions are, by their numbers. They never change: each is read once, and is then kept. */
export class SoftwareVersions {
  readonly #known = new Map<number, SoftwareVersion>();
  /** One object for all architectures and roles. */
  readonly #shared = new Map<string, SoftwareVersion>();

  async load(db: Kysely<Database>, packageVersions: readonly number[]): Promise<void> {
    const missing = packageVersions.filter((id) => !this.#known.has(id));
    if (missing.length === 0) return;
    const { rows } = await sql<Omit<SoftwareVersion, 'key'> & { id: number }>`
      select id, name, version, source, ecosystem, release from package_version where id = any(${missing}::integer[])`.execute(
      db,
    );
    for (const { id, ...software } of rows) {
      const key = `${software.name}\n${software.version}\n${software.ecosystem}\n${software.release}`;
      const shared = this.#shared.get(`${key}\n${software.source}`) ?? { ...software, key };
      this.#shared.set(`${key}\n${software.source}`, shared);
      this.#known.set(id, shared);
    }
  }

  /** Undefined for what was not loaded. */
  of(packageVersion: number): SoftwareVersion | undefined {
    return this.#known.get(packageVersion);
  }
}
