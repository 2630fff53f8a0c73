import { RoaringBitmap32 } from 'roaring-wasm';
import type { Select } from './count-groups.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { PackageName, PackageNames } from './package-names.ts';
import { type OrderedPage, type OrderWish, PageInOrder, type Part, rankKeys } from './page-in-order.ts';
import type { Selected } from './selection.ts';

/** So many names are looked at at first; then many times as many. */
const [fewNames, growth] = [4, 4];

type Names = Pick<PackageNames, 'of'>;

/** A name of packages that a check is about, and their versions. */
interface Named extends PackageName {
  readonly ids: readonly number[];
}

const nameless: Named = { name: '', role: 'installed', ids: [] };

/**
 * One page of what `select` visits, of what is open, by the name of the first package that makes it true, which depends on the asset. Where
 * which name comes first is worked out for the few names around the page alone.
 */
export function pageByPackage(
  index: OrganizationIndex,
  wish: OrderWish,
  { select, names }: { readonly select: Select; readonly names: Names },
): OrderedPage {
  const heads = new Heads(index, names);
  const present = new Set<string>();
  let total = 0;
  select(({ place, size }) => {
    total += size;
    for (const { name } of heads.of(place)) present.add(name);
  });
  const isTurned = wish.turned[0] ?? false;
  const after = wish.after === undefined ? null : String(wish.after[0]);
  const isBehind = (name: string): boolean => after === null || (isTurned ? name <= after : name >= after);
  const order = [...present].filter(isBehind).sort((a, b) => (a < b !== isTurned ? -1 : 1));
  const page = new PageInOrder(index, wish);
  for (let [from, count] = [0, fewNames]; from < order.length && !page.isFull; [from, count] = [from + count, count * growth]) {
    const wanted = new Set(order.slice(from, from + count));
    const ofThese: Select = (visit) =>
      select((selected) => {
        if (heads.of(selected.place).some(({ name }) => wanted.has(name))) visit(selected);
      });
    page.fill([{ select: ofThese, partsOf: (selected) => heads.parts(selected, wanted) }]);
  }
  return { total, ...page.end() };
}

/** Which packages make the checks true, and which of them is the first one on an asset. */
class Heads {
  readonly #index: OrganizationIndex;
  readonly #names: Names;
  /** By what a check is about. */
  readonly #known = new Map<number, readonly Named[]>();
  /** By likeness: on how many assets a name is the first one. */
  readonly #sizes = new Map<number, ReadonlyMap<string, number>>();

  constructor(index: OrganizationIndex, names: Names) {
    this.#index = index;
    this.#names = names;
  }

  /** In the order in which a detection names them. */
  of(place: number): readonly Named[] {
    const { book } = this.#index;
    const subject = book.subjectOf(place);
    const known = this.#known.get(subject);
    if (known) return known;
    const byName = Map.groupBy(book.packagesOf(place), (id) => this.#names.of(id));
    const named = Array.from(byName, ([name, ids]) => ({ ...name, ids }));
    named.sort((a, b) => Number(isRunning(b)) - Number(isRunning(a)) || (a.name < b.name ? -1 : 1));
    const own = named.length > 0 ? named : [nameless];
    this.#known.set(subject, own);
    return own;
  }

  /** Parts of those names. */
  parts(selected: Selected, wanted: ReadonlySet<string>): Part[] {
    return [...this.#sizesOf(selected)].flatMap(([name, size]) =>
      wanted.has(name) && size > 0
        ? [{ keys: [name, ...rankKeys(selected)], size, assets: () => this.#assetsOf(selected, name) }]
        : [],
    );
  }

  #sizesOf(selected: Selected): ReadonlyMap<string, number> {
    const { likeness } = selected;
    const known = likeness === null ? undefined : this.#sizes.get(likeness);
    if (known) return known;
    const sizes = new Map<string, number>();
    // A name may stand twice: of what runs, and of the rest.
    this.#forEach(selected, (name, assets) => void sizes.set(name, (sizes.get(name) ?? 0) + assets.size));
    if (likeness !== null) this.#sizes.set(likeness, sizes);
    return sizes;
  }

  #assetsOf(selected: Selected, wanted: string): RoaringBitmap32 {
    const found = new RoaringBitmap32();
    this.#forEach(selected, (name, assets) => void (name === wanted && found.orInPlace(assets)));
    return found;
  }

  /** Visits each name with the assets on which it is the first one: the last name with all that are left. */
  #forEach(selected: Selected, visit: (name: string, assets: RoaringBitmap32) => void): void {
    const named = this.of(selected.place);
    const last = named.at(-1) ?? nameless;
    if (named.length === 1) return visit(last.name, selected.assets);
    const left = new RoaringBitmap32(selected.assets);
    for (const { name, ids } of named.slice(0, -1)) {
      const first = this.#index.packages.assetsWithAny(ids);
      first.andInPlace(left);
      left.andNotInPlace(first);
      visit(name, first);
      first.dispose();
    }
    visit(last.name, left);
    left.dispose();
  }
}

/** Of several packages what runs is named first. */
function isRunning({ role }: PackageName): boolean {
  return role === 'running';
}
