import { createHash } from 'node:crypto';
import { type JoinFacts, joinFacts, mergeKnowledge } from '@vedette/feeds';
import { buildChecks, type CheckMemory, checkNames } from '@vedette/matching';
import { type Advisory, type Check, checkNumber, type KnowledgeInput, type Vulnerability } from '@vedette/protocol';

/** What was made of an input. */
export interface MadeChecks {
  readonly total: number;
  /** Names that have no check number. */
  readonly skipped: readonly string[];
  /** Day of the newest advisory that is not dated in the future. */
  readonly newest: string | null;
}

/** A check, and the hash by which two forms of it are told apart. */
export interface HashedCheck {
  readonly check: Check;
  readonly hash: string;
}

/** Numbers of checks that are new or other than those known, ascending, and of those that are gone. */
export interface CheckDifferences {
  readonly changed: readonly number[];
  readonly gone: readonly number[];
}

type Records = Pick<KnowledgeInput, 'advisories' | 'vulnerabilities'>;

/**
 * Makes the checks of a body of knowledge that changes a little at a time. Records that say the same as before are the same objects as
 * before, and what is made of the same objects is not made again: a new advisory costs what it brings, and a look at each of the others.
 */
export class CheckMaker {
  /** By feed. */
  readonly #records = new Map<string, Records>();
  readonly #memory: CheckMemory = { made: new Map() };
  readonly #register = new Map<string, number>();
  readonly #hashes = new WeakMap<Check, string>();
  readonly #joined = new WeakMap<Vulnerability, { readonly earlier: Vulnerability; readonly joined: Vulnerability }>();
  #input: KnowledgeInput = { advisories: [], vulnerabilities: [], origins: [] };
  #checks: readonly Check[] = [];

  /** Takes what a feed says now. */
  put(feed: string, { advisories, vulnerabilities }: Records): void {
    const before = this.#records.get(feed);
    this.#records.set(feed, {
      advisories: keepSame(advisories, before?.advisories ?? []),
      vulnerabilities: keepSame(vulnerabilities, before?.vulnerabilities ?? []),
    });
  }

  forget(feed: string): void {
    this.#records.delete(feed);
  }

  /** Vulnerabilities that some advisory names. */
  get named(): Set<string> {
    const named = new Set<string>();
    for (const { advisories } of this.#records.values())
      for (const { vulnerabilities } of advisories) for (const id of vulnerabilities) named.add(id);
    return named;
  }

  /**
   * Merges what these feeds say, the last word last, and what `base` says of all others: a feed that was read is complete, and what it no
   * longer holds was withdrawn. Returns names that have no number yet and need one of the register.
   */
  merge(base: string, feeds: readonly string[]): string[] {
    const read = new Set(feeds.filter((feed) => this.#records.has(feed)));
    const starter = this.#records.get(base);
    const inputs = [...read].flatMap((feed) => this.#records.get(feed) ?? []);
    if (starter) inputs.unshift({ ...starter, advisories: starter.advisories.filter(({ feed }) => !read.has(feed)) });
    return this.use(
      mergeKnowledge(
        inputs.map((input) => ({ ...input, origins: [] })),
        this.#join,
      ),
    );
  }

  /** Takes one body of knowledge as it is. Returns what merge returns. */
  use(input: KnowledgeInput): string[] {
    this.#input = input;
    return checkNames(input.advisories).filter(
      (name) => checkNumber(name) === null && isOwnName(name) && !this.#register.has(name),
    );
  }

  /** Makes the checks of what was merged last; `numbers`: of the register. `today`: later days are slips of their authors. */
  make(numbers: Iterable<readonly [name: string, number: number]>, today: string): MadeChecks {
    for (const [name, number] of numbers) this.#register.set(name, number);
    const { checks, skipped } = buildChecks(
      this.#input,
      (name) => checkNumber(name) ?? this.#register.get(name) ?? null,
      this.#memory,
    );
    this.#checks = checks;
    return { total: checks.length, skipped, newest: newestDay(this.#input.advisories, today) };
  }

  /** `known`: hash by number. */
  compare(known: ReadonlyMap<number, string>): CheckDifferences {
    const numbers = new Set(this.#checks.map(({ number }) => number));
    return {
      changed: this.#checks.filter((check) => known.get(check.number) !== this.#hash(check)).map(({ number }) => number),
      gone: [...known.keys()].filter((number) => !numbers.has(number)),
    };
  }

  /** The checks of these numbers. */
  take(numbers: readonly number[]): HashedCheck[] {
    const wanted = new Set(numbers);
    return this.#checks.filter(({ number }) => wanted.has(number)).map((check) => ({ check, hash: this.#hash(check) }));
  }

  /** Hash by number of everything made. */
  get hashes(): Map<number, string> {
    return new Map(this.#checks.map((check) => [check.number, this.#hash(check)]));
  }

  readonly #join: JoinFacts = (earlier, later) => {
    const known = this.#joined.get(later);
    if (known?.earlier === earlier) return known.joined;
    const joined = joinFacts(earlier, later);
    this.#joined.set(later, { earlier, joined });
    return joined;
  };

  #hash(check: Check): string {
    const known = this.#hashes.get(check);
    if (known !== undefined) return known;
    const hash = hashCheck(check);
    this.#hashes.set(check, hash);
    return hash;
  }
}

/** The records of now; those that say what they said before as the objects of before. */
function keepSame<Item extends Advisory | Vulnerability>(now: readonly Item[], before: readonly Item[]): readonly Item[] {
  if (before.length === 0) return now;
  const known = new Map(before.map((record) => [record.id, record]));
  return now.map((record) => {
    const last = known.get(record.id);
    return last && JSON.stringify(last) === JSON.stringify(record) ? last : record;
  });
}

/** Not a CVE that cannot be one, and not a name that a feed of ours made up (`debian-changelog:jq:1.6-2`). */
function isOwnName(name: string): boolean {
  return !name.startsWith('CVE-') && !/^[a-z-]+:/.test(name);
}

function newestDay(advisories: readonly Advisory[], today: string): string | null {
  return advisories.reduce<string | null>(
    (max, { published }) => (published && published <= today && (!max || published > max) ? published : max),
    null,
  );
}

/** Databases touch the dates of their records without changing what those say; that alone makes no new version of a check. */
export function hashCheck({ modified: _touched, ...check }: Check): string {
  return createHash('sha256').update(JSON.stringify(check)).digest('hex');
}
