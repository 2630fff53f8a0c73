import { RoaringBitmap32 } from 'roaring-wasm';
import type { CheckDetections } from './check-detections.ts';
import { narrowToException } from './excepted.ts';
import { likenessOf } from './likeness-of.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { uniteInto } from './unite.ts';
import type { Mended } from './held-verdicts.ts';
import type { IndexedCheck, RankedCheck, VerdictBook } from './verdict-book.ts';

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

/** Says of checks, as more than information or as that, what their risk on these assets weighs. The bitmap is the asker's. */
export type Weigh = (assets: RoaringBitmap32) => (found: Pick<RankedCheck, 'check' | 'confirmed'>) => number;

/** What is open now and no exception covers, and what of it would stay open. */
export function whatRemains(
  index: OrganizationIndex,
  without: Without,
  weigh: Weigh = () => () => 0,
): { readonly now: Remainder; readonly after: Remainder } {
  // What stays as it is, and the rest before and afterwards: most of a fleet is measured once.
  const [same, now, after] = [new Sum(weigh), new Sum(weigh), new Sum(weigh)];
  const ended = endedBy(index.book, without.upgrades);
  for (const { place, found, checks } of alike(index, ended)) {
    const isCovered = index.excepted.byPlace.has(place);
    const open = isCovered ? new RoaringBitmap32(found.open) : found.open;
    if (isCovered) narrowToException(index.excepted, place, { assets: open, filter: 'without' });
    const sure = found.information ? RoaringBitmap32.andNot(open, found.information) : open;
    const left = checks.filter(({ number }) => !without.checks.has(number));
    const mended = ended.get(place);
    if (!mended && left.length === checks.length) same.add(checks, open, sure);
    else {
      now.add(checks, open, sure);
      if (!mended) after.add(left, open, sure);
      else if (left.length > 0) addRest(index, { place, mended, open, checks: left }, after);
    }
    if (sure !== open) sure.dispose();
    if (isCovered) open.dispose();
  }
  const sums = { now: same.with(now), after: same.with(after) };
  for (const sum of [same, now, after]) sum.dispose();
  return sums;
}

/** Checks that are open on the same assets, and would stay so on the same. */
interface Alike {
  /** Of one of them. */
  readonly place: number;
  readonly found: CheckDetections;
  readonly checks: IndexedCheck[];
}

function alike(index: OrganizationIndex, ended: ReadonlyMap<number, readonly Mended[]>): Iterable<Alike> {
  const { book } = index;
  const groups = new Map<string, Alike>();
  for (const [place, found] of index.checks.entries()) {
    const check = book.checks[place];
    if (!found || !check || found.open.isEmpty) continue;
    const mended = ended.get(place) ?? [];
    const count = mended.reduce((sum, { ids }) => sum + ids.length, 0);
    const gone = count === book.packagesOf(place).size ? 'all' : mended.map(({ list }) => list).join();
    const key = `${likenessOf(index, place)} ${gone}`;
    const group = groups.get(key) ?? { place, found, checks: [] };
    groups.set(key, group);
    group.checks.push(check);
  }
  return groups.values();
}

/** Package versions that would be gone, by the check's place. */
function endedBy(book: VerdictBook, upgrades: ReadonlySet<string>): Map<number, Mended[]> {
  const ended = new Map<number, Mended[]>();
  if (upgrades.size === 0) return ended;
  for (const place of book.checks.keys()) {
    const mended = book.heldBy(place).parts.filter(({ upgrade }) => upgrade !== null && upgrades.has(upgrade.key));
    if (mended.length > 0) ended.set(place, mended);
  }
  return ended;
}

function addRest(
  { book, packages }: OrganizationIndex,
  {
    place,
    mended,
    open,
    checks,
  }: { place: number; mended: readonly Mended[]; open: RoaringBitmap32; checks: readonly IndexedCheck[] },
  sum: Sum,
): void {
  const gone = new Set(mended.flatMap((part) => part.ids));
  const assetsOf = (ids: ReadonlySet<number>) => packages.assetsWithAny([...ids].filter((id) => !gone.has(id)));
  const [ids, sureIds] = [book.packagesOf(place), book.surePackagesOf(place)];
  const all = assetsOf(ids);
  const sure = sureIds === ids ? all : assetsOf(sureIds);
  all.andInPlace(open);
  if (sure !== all) sure.andInPlace(open);
  sum.add(checks, all, sure);
  all.dispose();
  if (sure !== all) sure.dispose();
}

const nowhere = new RoaringBitmap32();

class Sum {
  readonly #weigh: Weigh;
  readonly #open = [0, 0, 0, 0, 0];
  readonly #assets = new RoaringBitmap32();
  #weight = 0;

  constructor(weigh: Weigh) {
    this.#weigh = weigh;
  }

  /** Checks on the same assets. `sure`: those of `all` that are more than information. */
  add(checks: readonly IndexedCheck[], all: RoaringBitmap32, sure: RoaringBitmap32): void {
    if (checks.length === 0) return;
    const information = sure === all ? nowhere : RoaringBitmap32.andNot(all, sure);
    const [sureCount, informationCount] = [sure.size, information.size];
    const [weighSure, weighInformation] = [this.#weigh(sure), this.#weigh(information)];
    if (information !== nowhere) information.dispose();
    for (const check of checks) {
      this.#open[check.severity - 1] = (this.#open[check.severity - 1] ?? 0) + sureCount;
      this.#open[0] = (this.#open[0] ?? 0) + informationCount;
      this.#weight += weighSure({ check, confirmed: true }) + weighInformation({ check, confirmed: false });
    }
    uniteInto(this.#assets, sure);
  }

  /** Both together. */
  with(other: Sum): Remainder {
    const assets = this.#assets.orCardinality(other.#assets);
    const open = this.#open.map((count, severity) => count + (other.#open[severity] ?? 0));
    return { open, assets, weight: this.#weight + other.#weight };
  }

  dispose(): void {
    this.#assets.dispose();
  }
}
