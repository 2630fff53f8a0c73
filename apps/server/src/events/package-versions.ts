import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { KeptVersions } from '../fleet-index/kept-versions.ts';

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

/** So many are kept. */
const maxKept = 1_000_000;
const kept = new WeakMap<Kysely<Database>, PackageVersions>();

/** Of package versions what events tell. */
export class PackageVersions extends KeptVersions<PackageVersion> {
  private constructor() {
    const items = new Map<string, PackageItem>();
    const refOf = ({ name, architecture, ecosystem }: { name: string; architecture: string; ecosystem: string }): string =>
      `${name} ${architecture} ${ecosystem}`;
    super(
      (row) => `${refOf(row)}\n${row.version}`,
      (row) => {
        const ref = refOf(row);
        const item = items.get(ref) ?? { ref, name: row.name };
        items.set(ref, item);
        return { item, version: row.version };
      },
    );
  }

  /** Those of a database. */
  static of(db: Kysely<Database>): PackageVersions {
    const known = kept.get(db);
    if (known && known.size < maxKept) return known;
    const versions = new PackageVersions();
    kept.set(db, versions);
    return versions;
  }
}
