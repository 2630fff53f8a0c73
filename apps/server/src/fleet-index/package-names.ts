import { KeptVersions } from './kept-versions.ts';

export interface PackageName {
  readonly name: string;
  /** installed; or running or dormant, of kernels. */
  readonly role: string;
}

const unknown: PackageName = { name: '', role: 'installed' };

/** Names of package versions. */
export class PackageNames extends KeptVersions<PackageName> {
  constructor() {
    super(
      ({ name, role }) => `${role} ${name}`,
      ({ name, role }) => ({ name, role }),
    );
  }

  /** Without a name for what was not loaded. */
  override of(packageVersion: number): PackageName {
    return super.of(packageVersion) ?? unknown;
  }
}
