import type { Fact, FactRow } from '@vedette/protocol';
import type { Host, HostErrorCode } from './host.ts';
import type { Watch } from './watch.ts';

/** A row of a fact as its schema describes it. */
export type RowOf<F extends Fact> = ReturnType<F['row']['parse']> & FactRow;

/** MALFORMED: a file could be read but not understood in full. LIMIT: more was there than the collector takes. */
export type ProblemCode = HostErrorCode | 'MALFORMED' | 'LIMIT' | 'DUPLICATE' | 'INTERNAL';

export interface CollectorProblem {
  readonly path: string;
  readonly code: ProblemCode;
}

export interface Collected<Row = FactRow> {
  readonly rows: readonly Row[];
  /** What the collector itself noticed; failed reads are noted for it. */
  readonly problems?: readonly CollectorProblem[];
}

/** One kind of fact: where it stands on a host and how it is read. */
export interface Collector<F extends Fact = Fact> {
  readonly fact: F;
  readonly describes: string;
  readonly requires: { readonly platforms: readonly string[] };
  /** What a run may read (with `*` for any one name) and the largest single file it takes. Documentation, and a promise tests hold it to. */
  readonly cost: { readonly reads: readonly string[]; readonly maxBytes: number };
  /**
   * Files without which the answer would be wrong rather than incomplete. When one exists but cannot be read, the run fails:
   * nobody shall take an unreadable database for an empty one.
   */
  readonly essential?: readonly string[];
  /** Whose change can change the answer: the agent then runs this collector, and only this one. */
  readonly watches: readonly Watch[];
  /**
   * Files that other programs hold a POSIX lock on (fcntl(2)) while they change what is watched, as package managers do: a change is
   * read when the lock is free again, once, however long it takes.
   */
  readonly settlesWith?: readonly `/${string}`[];
  /** How often to look where no event tells of a change; null where `watches` suffices. */
  readonly refreshSeconds: number | null;
  /** Drops what it remembers of this, everything for null; only of a collector that remembers what it read. */
  readonly forget?: (watch: Watch | null) => void;
  /** It makes rows of reads that fail, so the host handed in throws HostError. */
  readonly seesErrors?: true;
  /** The host handed in never throws, but for `seesErrors`: a read that fails is noted as a problem of this run and answers `null`. */
  rows(host: Host): Promise<Collected<RowOf<F>>>;
}

/** Typed identity: makes the rows of a collector agree with the schema of its fact. */
export function defineCollector<F extends Fact>(collector: Collector<F>): Collector<F> {
  return collector;
}
