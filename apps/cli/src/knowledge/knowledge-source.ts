import type { EcosystemName, KnowledgeInput, RecordOrigin, RecordSource } from '@vedette/protocol';

/** A package that statements are wanted about, as advisories name it. */
export interface Subject {
  readonly ecosystem: EcosystemName;
  readonly package: string;
}

export interface KnowledgeState {
  readonly file: string;
  /** starter: the one that Vedette brings along. */
  readonly kind: 'starter' | 'database';
  /** RFC 3339; when it was made. */
  readonly madeAt: string;
  /** Day of the newest advisory. */
  readonly newest: string | null;
  readonly advisories: number;
  readonly statements: number;
  readonly vulnerabilities: number;
  readonly feeds: readonly FeedCount[];
}

/** What one feed brought into a knowledge base. */
export interface FeedCount {
  readonly feed: string;
  /** Records of its files as they were read; null where that is not kept (starter). */
  readonly records: number | null;
  readonly advisories: number;
  readonly statements: number;
  readonly origins: readonly RecordOrigin[];
  /** Why the last import of it brought nothing or not all; null when it did. */
  readonly problem: string | null;
}

/**
 * A knowledge base as a scan needs it: only what is said of the packages at hand. Whatever it gives out is enough to build the checks
 * about these packages exactly as from the whole.
 */
export interface KnowledgeSource {
  state(): KnowledgeState;
  /** Every advisory about one of the subjects, and all others that share a vulnerability or a name with one of them. */
  select(subjects: readonly Subject[]): KnowledgeInput;
  /** The same for the names of vulnerabilities, advisories or aliases. */
  selectNames(names: readonly string[]): KnowledgeInput;
  /** Where the advisories of these names came from; nothing for one of which that is not kept. */
  sourcesOf(ids: readonly string[]): RecordSource[];
  /** Whether it says anything of the release, or enough of the registry (isCovered); of a registry the release is empty. */
  covers(ecosystem: EcosystemName, release: string): boolean;
  /** Number of a check whose name has none by computation (checkNumber); null for a name not in it. */
  registeredNumber(name: string): number | null;
  close(): void;
}
