import { KeptVersions } from './kept-versions.ts';

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

function keyOf({ name, version, ecosystem, release }: Omit<SoftwareVersion, 'key'>): string {
  return `${name}\n${version}\n${ecosystem}\n${release}`;
}

/** What is installed, by the numbers of package versions. */
export class SoftwareVersions extends KeptVersions<SoftwareVersion> {
  constructor() {
    super(
      (row) => `${keyOf(row)}\n${row.source}`,
      ({ id: _id, architecture: _architecture, role: _role, ...software }) => ({ ...software, key: keyOf(software) }),
    );
  }
}
