import { RoaringBitmap32 } from 'roaring-wasm';
import { narrowToException } from './excepted.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { holds, type IndexedCheck, type RankedCheck, type VerdictBook } from './verdict-book.ts';

export interface Without {
  /** Numbers of checks that are of no concern any more. */
  readonly checks: ReadonlySet<number>;
  /** Keys of upgrades that every asset has made, to the newest version that fixes something (KnownUpgrade). */
  readonly upgrades: ReadonlySet<string>;
}

export interface Remainder {
  /** By severity, 1 to 5 at 0 to 4. */
  readonly open: readonly number[];
  /** With an open detection that is more than information. */
  readonly assets: number;
  /** Of its risk. */
  readonly weight: number;
}

/** Weight of the risk of a check on these assets, as more than information or as that. */
export type Weigh = (found: Pick<RankedCheck, 'check' | 'confirmed'>, assets: RoaringBitmap32) => number;

/** What is open now and no exception covers, and what of it would stay open. */
export function whatRemains(
  index: OrganizationIndex,
  without: Without,
  weigh: Weigh = () => 0,
): { readonly now: Remainder; readonly after: Remainder } {
  const [now, after] = [new Sum(weigh), new Sum(weigh)];
  const ended = endedBy(index.book, without.upgrades);
  for (const [place, found] of index.checks.entries()) {
    const check = index.book.checks[place];
    if (!found || !check || found.open.isEmpty) continue;
    const isCovered = index.excepted.byPlace.has(place);
    const open = isCovered ? new RoaringBitmap32(found.open) : found.open;
    if (isCovered) narrowToException(index.excepted, place, { assets: open, filter: 'without' });
    const sure = found.information ? RoaringBitmap32.andNot(open, found.information) : open;
    now.add(check, open, sure);
    const mended = without.checks.has(check.number) ? null : ended.get(place);
    if (mended === undefined) after.add(check, open, sure);
    else if (mended) addRest(index, { place, mended, open, check }, after);
    if (sure !== open) sure.dispose();
    if (isCovered) open.dispose();
  }
  return { now: now.end(), after: after.end() };
}

/** Package versions that would be gone, by the check's place: once through all verdicts, of which a kernel has thousands. */
function endedBy(book: VerdictBook, upgrades: ReadonlySet<string>): Map<number, Set<number>> {
  const ended = new Map<number, Set<number>>();
  if (upgrades.size === 0) return ended;
  for (const id of book.packageVersions()) {
    for (const verdict of book.verdictsOn(id)) {
      if (!holds(verdict) || verdict.upgrade === null || !upgrades.has(verdict.upgrade.key)) continue;
      ended.set(verdict.place, (ended.get(verdict.place) ?? new Set()).add(id));
    }
  }
  return ended;
}

function addRest(
  { book, packages }: OrganizationIndex,
  { place, mended, open, check }: { place: number; mended: ReadonlySet<number>; open: RoaringBitmap32; check: IndexedCheck },
  sum: Sum,
): void {
  const assetsOf = (ids: ReadonlySet<number>) => packages.assetsWithAny([...ids].filter((id) => !mended.has(id)));
  const [all, sure] = [assetsOf(book.packagesOf(place)), assetsOf(book.surePackagesOf(place))];
  all.andInPlace(open);
  sure.andInPlace(open);
  sum.add(check, all, sure);
  all.dispose();
  sure.dispose();
}

class Sum {
  readonly #weigh: Weigh;
  readonly #open = [0, 0, 0, 0, 0];
  readonly #assets = new RoaringBitmap32();
  #weight = 0;

  constructor(weigh: Weigh) {
    this.#weigh = weigh;
  }

  /** `sure`: those of `all` that are more than information. */
  add(check: IndexedCheck, all: RoaringBitmap32, sure: RoaringBitmap32): void {
    this.#open[check.severity - 1] = (this.#open[check.severity - 1] ?? 0) + sure.size;
    this.#open[0] = (this.#open[0] ?? 0) + all.size - sure.size;
    this.#weight += this.#weigh({ check, confirmed: true }, sure);
    if (all.size > sure.size) {
      const information = RoaringBitmap32.andNot(all, sure);
      this.#weight += this.#weigh({ check, confirmed: false }, information);
      information.dispose();
    }
    this.#assets.orInPlace(sure);
  }

  end(): Remainder {
    const assets = this.#assets.size;
    this.#assets.dispose();
    return { open: this.#open, assets, weight: this.#weight };
  }
}
