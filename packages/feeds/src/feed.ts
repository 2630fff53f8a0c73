import type { Advisory, EcosystemName, Lifecycle, Vulnerability } from '@vedette/protocol';

/** One file of a feed, read and unpacked by the caller. */
export interface FeedFile {
  /** Its name without a folder; used in messages and to choose between formats. */
  readonly name: string;
  /** Its path below what was read, where known: some sources tell the release by the folder. Slashes, whatever the system. */
  readonly path?: string;
  /** Content after decompression (the caller undoes .gz, .zst, .bz2; a name may still end in it). */
  readonly bytes: Uint8Array;
}

/** Where a feed's files come from. */
export interface FeedSource {
  /** Name in an offline directory; one `*` stands for anything (without a dot, where the pattern has none). A `.gz` or `.bz2` at the end may be missing there. */
  readonly pattern: string;
  /** Official address; null for a feed that exists only as files. */
  readonly url: string | null;
  /** Of use to machines of this release alone: not fetched where there is none. */
  readonly release?: string;
  /** It may not be there yet: the file of a year to come. */
  readonly optional?: boolean;
  /** For a file whose address changes: asks the source for it, `url` being the first question. Throws FeedError. */
  readonly locate?: (ask: Ask) => Promise<string>;
}

/** Fetches a small document of a source, such as its list of mirrors. */
export type Ask = (url: string) => Promise<FeedFile>;

/** A single odd line or record that was left out. */
export interface FeedProblem {
  readonly file: string;
  /** Line, or number of the record in a JSON document; from 1. */
  readonly line: number;
  readonly message: string;
}

/** What one feed says. */
export interface FeedFacts {
  readonly advisories: readonly Advisory[];
  readonly vulnerabilities: readonly Vulnerability[];
  /** Of the feed of support periods alone. */
  readonly lifecycles?: readonly Lifecycle[];
  readonly problems: readonly FeedProblem[];
  /** Records read, before any filter: the figure `minimumRecords` and `shrinkageProblem` speak of. */
  readonly records: number;
  /** What was understood and left out, as nothing on a machine can be compared with it: how often, by reason. */
  readonly leftOut?: ReadonlyMap<string, number>;
}

/** What the caller wants of a feed; everything, when left out. */
export interface ParseOptions {
  /** Only facts of these CVEs (feeds of vulnerability facts). Keeps memory bounded with the large feeds. */
  readonly cves?: ReadonlySet<string>;
  /** Only statements of these releases or of none, and advisories that have one (feeds of advisories). */
  readonly releases?: ReadonlySet<string>;
  /** Only this one of so many parts of the records; for feeds with `parts`. Odd lines count with the first part, `index` 0. */
  readonly part?: { readonly index: number; readonly of: number };
  /** Instead of the feed's own; 0 for tests and partial files. */
  readonly minimumRecords?: number;
}

/** One record that changed. */
export interface ChangedRecord {
  readonly source: FeedSource & { readonly url: string };
  /** RFC 3339, as the source writes it. */
  readonly at: string;
}

/** The list of changes that a source keeps beside its files. */
export interface FeedChanges {
  readonly list: FeedSource & { readonly url: string };
  readonly maxBytes: number;
  /** `now`: of a source that cannot be had as a whole only what changes from a month before the first look is followed. */
  readonly from?: 'now';
  /**
   * Records that changed after `since` (all for null), the oldest first; of vulnerability facts only those in `cves`. Throws FeedError.
   */
  read(list: FeedFile, since: string | null, cves: ReadonlySet<string>): readonly ChangedRecord[];
}

/** A source of advisories or of facts about vulnerabilities. */
export interface Feed {
  /** Stands in `Advisory.feed` and `RecordOrigin.feed`. */
  readonly name: string;
  readonly describes: string;
  /** Official place, where no single address stands for it: a folder of archives, an interface. For people. */
  readonly home?: string;
  readonly files: readonly FeedSource[];
  /** Largest file accepted, after decompression. */
  readonly maxBytes: number;
  /** A complete feed never has fewer records. */
  readonly minimumRecords: number;
  /** Fetched for those who ask for its ecosystem only; an offline directory that holds it is always read. */
  readonly onDemand?: boolean;
  /** Whose packages a feed on demand speaks of: it is fetched when a machine of such an ecosystem is there. */
  readonly ecosystems?: readonly EcosystemName[];
  /** Its large files hold more than memory should: a caller may read them so many times, each time another part of the records. */
  readonly parts?: number;
  /** It speaks of vulnerabilities, not of packages: read last, and only what is said of those that advisories name. */
  readonly factsOnly?: boolean;
  /** For sources that say what changed: instead of everything, only that is fetched. */
  readonly changes?: FeedChanges;
  /**
   * Reads all files of the feed and merges them. Takes one file at a time, so a generator keeps only one in memory.
   * Throws FeedError and nothing else.
   */
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts;
}
