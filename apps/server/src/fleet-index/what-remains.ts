import { RoaringBitmap32 } from 'roaring-wasm';
import type { OrganizationIndex } from './organization-index.ts';
import { holds, type VerdictBook } from './verdict-book.ts';

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
}

/** What is open now, and what would stay open. */
export function whatRemains(index: OrganizationIndex, without: Without): { readonly now: Remainder; readonly after: Remainder } {
  const [now, after] = [new Sum(), new Sum()];
  const ended = endedBy(index.book, without.upgrades);
  for (const [place, found] of index.checks.entries()) {
    const check = index.book.checks[place];
    if (!found || !check || found.open.isEmpty) continue;
    const sure = found.information ? RoaringBitmap32.andNot(found.open, found.information) : found.open;
    now.add(check.severity, sure, found.count(false));
    const mended = ended.get(place);
    if (!mended && !without.checks.has(check.number)) after.add(check.severity, sure, found.count(false));
    if (sure !== found.open) sure.dispose();
    if (mended && !without.checks.has(check.number)) addRest(index, { place, mended, severity: check.severity }, after);
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
  { place, mended, severity }: { place: number; mended: ReadonlySet<number>; severity: number },
  sum: Sum,
): void {
  const assetsOf = (ids: ReadonlySet<number>) => packages.assetsWithAny([...ids].filter((id) => !mended.has(id)));
  const [all, sure] = [assetsOf(book.packagesOf(place)), assetsOf(book.surePackagesOf(place))];
  sum.add(severity, sure, all.size - sure.size);
  all.dispose();
  sure.dispose();
}

class Sum {
  readonly #open = [0, 0, 0, 0, 0];
  readonly #assets = new RoaringBitmap32();

  add(severity: number, sure: RoaringBitmap32, information: number): void {
    this.#open[severity - 1] = (this.#open[severity - 1] ?? 0) + sure.size;
    this.#open[0] = (this.#open[0] ?? 0) + information;
    this.#assets.orInPlace(sure);
  }

  end(): Remainder {
    const assets = this.#assets.size;
    this.#assets.dispose();
    return { open: this.#open, assets };
  }
}
