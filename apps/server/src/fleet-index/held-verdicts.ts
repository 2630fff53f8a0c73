import { CopyOnWrite } from './copy-on-write.ts';
import type { KnownUpgrade, KnownVerdict } from './verdict-book.ts';

/** Package versions that make a check true and that the same upgrade mends. */
export interface Mended {
  /** Null where there is none. */
  readonly upgrade: KnownUpgrade | null;
  /** First versions without the flaw. */
  readonly versions: ReadonlySet<string>;
  /** Ascending; the same list, under the same number, wherever it is of the very same package versions. */
  readonly ids: readonly number[];
  readonly list: number;
}

/** All package versions that make a check true. */
export interface Held {
  readonly parts: readonly Mended[];
  /** The same for checks whose parts are of the same package versions. */
  readonly key: string;
}

interface Verdicts {
  readonly checks: readonly unknown[];
  readonly packagesOf: (place: number) => ReadonlySet<number>;
  /** Those that hold. */
  readonly heldOn: (packageVersion: number) => Iterable<KnownVerdict>;
}

interface Draft {
  readonly upgrade: KnownUpgrade | null;
  readonly versions: Set<string>;
  readonly ids: number[];
}

interface List {
  readonly ids: readonly number[];
  readonly number: number;
}

/** Lists are forgotten when there are so many more than checks. */
const maxListsPerCheck = 8;

/**
 * By the place of each check the verdicts that hold, put together by the upgrade that ends them. Thousands of checks of a kernel are about the
 * same package versions: whoever goes through all checks has to be spared going through all verdicts.
 */
export class HeldVerdicts {
  #held: (Held | undefined)[] = [];
  #lists = new CopyOnWrite(new Map<string, List>(), (lists) => new Map(lists));

  /** The verdicts of a check are others now. */
  forget(place: number): void {
    this.#held[place] = undefined;
  }

  of(place: number, verdicts: Verdicts): Held {
    if (!this.#held[place]) this.fill(verdicts);
    return this.#held[place] ?? nothing;
  }

  copy(): HeldVerdicts {
    const copy = new HeldVerdicts();
    copy.#held = [...this.#held];
    copy.#lists = this.#lists.copy();
    return copy;
  }

  /** Puts together what is missing: once through the verdicts on all package versions concerned, of which a kernel has thousands. */
  fill({ checks, packagesOf, heldOn }: Verdicts): void {
    if (this.#lists.value.size > maxListsPerCheck * checks.length + 1000) this.#forgetAll();
    const missing = Array.from(checks.keys(), (place) => this.#held[place] === undefined);
    const ids = new Set<number>();
    for (const [place, isMissing] of missing.entries()) if (isMissing) for (const id of packagesOf(place)) ids.add(id);
    const drafts = new Map<number, Draft[]>();
    for (const id of Uint32Array.from(ids).sort()) {
      for (const verdict of heldOn(id)) {
        if (!missing[verdict.place]) continue;
        const parts = drafts.get(verdict.place) ?? [];
        drafts.set(verdict.place, parts);
        enter(parts, id, verdict);
      }
    }
    for (const [place, isMissing] of missing.entries()) if (isMissing) this.#held[place] = this.#end(drafts.get(place) ?? []);
  }

  #end(drafts: readonly Draft[]): Held {
    if (drafts.length === 0) return nothing;
    const parts = drafts.map(({ ids: own, ...part }) => {
      const { ids, number: list } = this.#listOf(own);
      return { ...part, ids, list };
    });
    return { parts, key: parts.map(({ list }) => list).join() };
  }

  #listOf(ids: readonly number[]): List {
    const key = ids.join();
    const known = this.#lists.value.get(key) ?? { ids, number: this.#lists.value.size };
    if (known.ids === ids) this.#lists.own.set(key, known);
    return known;
  }

  #forgetAll(): void {
    this.#held = [];
    this.#lists.replace(new Map());
  }
}

const nothing: Held = { parts: [], key: '' };

/** Of a package version the first verdict of a check counts. */
function enter(parts: Draft[], id: number, { upgrade }: KnownVerdict): void {
  if (parts.some(({ ids }) => ids.at(-1) === id)) return;
  let part = parts.find((one) => one.upgrade?.key === upgrade?.key);
  if (!part) parts.push((part = { upgrade, versions: new Set(), ids: [] }));
  part.ids.push(id);
  if (upgrade) part.versions.add(upgrade.fixed);
}
