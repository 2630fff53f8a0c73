import { ExtractorError } from './errors.ts';

/** Kinds of packages, by the type words of the package-URL specification. */
export const packageTypes = [
  'deb',
  'apk',
  'rpm',
  'npm',
  'pypi',
  'golang',
  'cargo',
  'gem',
  'composer',
  'nuget',
  'maven',
  'bitnami',
  'hex',
  'pub',
  'swift',
  'alpm',
] as const;
export type PackageType = (typeof packageTypes)[number];

/** A distribution as os-release(5) names it: ID and VERSION_ID, either may be empty. */
export interface Distribution {
  readonly id: string;
  readonly versionId: string;
  readonly codename: string;
}

/** One package that a file names, in the words of its package manager. */
export interface FoundPackage {
  readonly type: PackageType;
  /** As advisories spell it: `@scope/name`, `group:artifact`, `vendor/name`, a module path; PyPI names in their normal form. */
  readonly name: string;
  /** As the package manager writes it: `1:2.3-4.el9` with the epoch for rpm, `v1.2.3` for Go modules. */
  readonly version: string;
  readonly architecture: string;
  /** Source package and its version; the package itself where the file names none. */
  readonly source: string;
  readonly sourceVersion: string;
  /** False where the file may have left the source package out (a bare package URL), so that the name is a guess. */
  readonly isSourceKnown: boolean;
  /** Label of the rpm module it belongs to, `nodejs:18:9020230825111344:rhel9`; empty for none. */
  readonly module: string;
  /** Distribution that built it, where the file says so (SBOMs); null otherwise. */
  readonly distribution: Distribution | null;
}

export interface ExtractionProblem {
  /** Line, or number of the entry, from 1; 0 when there is none. */
  readonly line: number;
  readonly reason: string;
}

export interface Extraction {
  readonly packages: readonly FoundPackage[];
  /** Entries that were left out; at most 1000 are kept. */
  readonly problems: readonly ExtractionProblem[];
  /** The distribution that the file as a whole is about, where it says so (SBOMs of images). */
  readonly distribution: Distribution | null;
}

export const extractionLimits = {
  /** Bytes of one file. */
  fileBytes: 128 * 1024 * 1024,
  packages: 200_000,
  problems: 1000,
  nameChars: 512,
  versionChars: 256,
} as const;

/** Gathers the packages of one file: bounded, each once, and nothing with control characters or without name and version. */
export class Findings {
  readonly #packages = new Map<string, FoundPackage>();
  readonly #problems: ExtractionProblem[] = [];
  distribution: Distribution | null = null;

  /** `source` and the other parts fall back to the package itself and to nothing. */
  add(found: Pick<FoundPackage, 'type' | 'name' | 'version'> & Partial<FoundPackage>, line = 0): void {
    const full: FoundPackage = {
      architecture: '',
      module: '',
      distribution: null,
      isSourceKnown: true,
      ...found,
      source: found.source || found.name,
      sourceVersion: found.sourceVersion || found.version,
    };
    const problem = whyNotAPackage(full);
    if (problem !== null) {
      this.problem(line, problem);
      return;
    }
    this.#packages.set(JSON.stringify([full.type, full.name, full.version, full.architecture, full.distribution?.id]), full);
    if (this.#packages.size > extractionLimits.packages) {
      throw new ExtractorError('TOO_LARGE', `more than ${extractionLimits.packages} packages in one file`);
    }
  }

  problem(line: number, reason: string): void {
    if (this.#problems.length < extractionLimits.problems) this.#problems.push({ line, reason });
  }

  finish(): Extraction {
    return { packages: [...this.#packages.values()], problems: this.#problems, distribution: this.distribution };
  }
}

function whyNotAPackage(found: FoundPackage): string | null {
  for (const [field, limit] of [
    ['name', extractionLimits.nameChars],
    ['version', extractionLimits.versionChars],
    ['source', extractionLimits.nameChars],
    ['sourceVersion', extractionLimits.versionChars],
    ['architecture', 64],
    ['module', 512],
  ] as const) {
    const text = found[field];
    if (text.length > limit) return `${field} is longer than ${limit} characters`;
    if (/\p{Cc}/u.test(text)) return `${field} holds control characters`;
  }
  if (found.name === '') return 'an entry without a name';
  return found.version === '' ? `${found.name} has no version` : null;
}
