import { RoaringBitmap32 } from 'roaring-wasm';
import type { OrganizationIndex } from './organization-index.ts';
import { holds, type KnownVerdict } from './verdict-book.ts';

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
  for (const [place, found] of index.checks.entries()) {
    const check = index.book.checks[place];
    if (!found || !check || found.open.isEmpty) continue;
    const sure = found.information ? RoaringBitmap32.andNot(found.open, found.information) : new RoaringBitmap32(found.open);
    now.add(check.severity, sure, found.open.size - sure.size);
    if (without.checks.has(check.number)) {
      sure.dispose();
      continue;
    }
    const left = verdictsLeft(index, place, without.upgrades);
    if (left === null) after.add(check.severity, sure, found.open.size - sure.size);
    else {
      const all = index.packages.assetsWithAny(left.map(({ id }) => id));
      const certain = index.packages.assetsWithAny(left.filter(({ verdict }) => verdict.confirmed).map(({ id }) => id));
      after.add(check.severity, certain, all.size - certain.size);
      all.dispose();
      certain.dispose();
    }
    sure.dispose();
  }
  return { now: now.end(), after: after.end() };
}

/** Verdicts of a check that no upgrade of these ends; null where that is all of them. */
function verdictsLeft(
  { book }: OrganizationIndex,
  place: number,
  upgrades: ReadonlySet<string>,
): { readonly id: number; readonly verdict: KnownVerdict }[] | null {
  const all = [...book.packagesOf(place)].flatMap((id) =>
    book
      .verdictsOn(id)
      .filter((verdict) => verdict.place === place && holds(verdict))
      .map((verdict) => ({ id, verdict })),
  );
  const left = all.filter(({ verdict }) => verdict.upgrade === null || !upgrades.has(verdict.upgrade.key));
  return left.length === all.length ? null : left;
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
