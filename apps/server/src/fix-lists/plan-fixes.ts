import { RoaringBitmap32 } from 'roaring-wasm';
import { narrowToException } from '../fleet-index/excepted.ts';
import { likenessOf } from '../fleet-index/likeness-of.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { uniteInto } from '../fleet-index/unite.ts';
import type { Held, Mended } from '../fleet-index/held-verdicts.ts';
import type { IndexedCheck, KnownUpgrade } from '../fleet-index/verdict-book.ts';
import type { AssetContexts } from '../risk/asset-contexts.ts';
import { weigherOn } from '../risk/fleet-risk.ts';

/** A source package, and what upgrading it would remove. */
export interface PlannedFix {
  readonly upgrade: KnownUpgrade;
  /** First versions without one of the flaws: the highest of them is without all. */
  readonly versions: ReadonlySet<string>;
  readonly packageVersions: ReadonlySet<number>;
  readonly severity: number;
  readonly detections: number;
  readonly assets: number;
  /** Of the risk that is gone. */
  readonly weight: number;
}

/** Most first; of the same, by name. */
export function compareFixes(a: Pick<PlannedFix, 'weight' | 'upgrade'>, b: Pick<PlannedFix, 'weight' | 'upgrade'>): number {
  return b.weight - a.weight || (a.upgrade.key < b.upgrade.key ? -1 : Number(a.upgrade.key > b.upgrade.key));
}

/**
 * What each upgrade alone would remove from the whole fleet, most risk first. A detection that several packages make true goes with the
 * last of them only, so that it counts for none of their upgrades alone.
 */
export function planFleetFixes(index: OrganizationIndex, contexts: AssetContexts): PlannedFix[] {
  const drafts = new Map<string, Draft>();
  using removals = new Removals(index, contexts);
  for (const [place, found] of index.checks.entries()) {
    const check = index.book.checks[place];
    if (!found || !check || found.open.isEmpty) continue;
    const held = index.book.heldBy(place);
    const gone = removals.of(place, held);
    for (const [number, part] of held.parts.entries()) {
      const { upgrade } = part;
      const removal = gone[number];
      if (!upgrade || !removal || removal.gone.isEmpty) continue;
      const draft = drafts.get(upgrade.key) ?? new Draft(upgrade);
      drafts.set(upgrade.key, draft);
      draft.add(part, removal, check);
    }
    removals.forgetMany();
  }
  return [...drafts.values()].map((draft) => draft.end()).sort(compareFixes);
}

/** What is gone of a check without some of its package versions. */
interface Removal {
  /** The assets; until it is forgotten. */
  readonly gone: RoaringBitmap32;
  /** Whether the check is more than information on one of them. */
  readonly isSure: boolean;
  readonly weigh: (check: IndexedCheck) => number;
}

/** Each may have a bit for every asset. */
const maxRemembered = 500;
const nowhere = new RoaringBitmap32();

/** Thousands of checks are about the same package versions: what is gone of them is worked out once. */
class Removals implements Disposable {
  readonly #index: OrganizationIndex;
  readonly #contexts: AssetContexts;
  readonly #known = new Map<string, readonly Removal[]>();
  /** By the number of the list of package versions. */
  readonly #assetsWith = new Map<number, RoaringBitmap32>();

  constructor(index: OrganizationIndex, contexts: AssetContexts) {
    this.#index = index;
    this.#contexts = contexts;
  }

  /** What is gone of a check with each of these parts of its verdicts, which are all of them. */
  of(place: number, held: Held): readonly Removal[] {
    const key = `${likenessOf(this.#index, place)} ${held.key}`;
    const known = this.#known.get(key) ?? this.#workOut(place, held.parts);
    this.#known.set(key, known);
    return known;
  }

  forgetMany(): void {
    if (this.#known.size + this.#assetsWith.size > maxRemembered) this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const { gone } of [...this.#known.values()].flat()) gone.dispose();
    for (const assets of this.#assetsWith.values()) assets.dispose();
    this.#known.clear();
    this.#assetsWith.clear();
  }

  /** As goneWithout says it of each: what a part alone makes true goes with it. */
  #workOut(place: number, parts: readonly Mended[]): Removal[] {
    const open = this.#index.checks[place]?.open ?? nowhere;
    if (parts.length === 1) return [this.#removal(place, new RoaringBitmap32(open))];
    const having = parts.map((part) => this.#remembered(part));
    const several = new RoaringBitmap32();
    for (const [number, assets] of having.entries()) {
      for (const other of having.slice(0, number)) {
        // Rarely: an asset is of one release, and to see that it is of no other costs next to nothing.
        if (!assets.intersects(other)) continue;
        const both = RoaringBitmap32.and(assets, other);
        several.orInPlace(both);
        both.dispose();
      }
    }
    const removals = having.map((assets) => this.#removal(place, RoaringBitmap32.andNot(assets, several)));
    several.dispose();
    return removals;
  }

  /** Takes over the bitmap of the assets. */
  #removal(place: number, gone: RoaringBitmap32): Removal {
    narrowToException(this.#index.excepted, place, { assets: gone, filter: 'without' });
    const all = this.#index.checks[place]?.information;
    const information = all ? RoaringBitmap32.and(gone, all) : nowhere;
    const sure = all ? RoaringBitmap32.andNot(gone, information) : gone;
    const isSure = !sure.isEmpty;
    const [weighSure, weighInformation] = [weigherOn(this.#contexts, sure), weigherOn(this.#contexts, information)];
    if (all) for (const bitmap of [information, sure]) bitmap.dispose();
    const weigh = (check: IndexedCheck): number =>
      weighSure({ check, confirmed: true }) + weighInformation({ check, confirmed: false });
    return { gone, isSure, weigh };
  }

  #remembered({ list, ids }: Mended): RoaringBitmap32 {
    const known = this.#assetsWith.get(list) ?? this.#index.packages.assetsWithAny(ids);
    this.#assetsWith.set(list, known);
    return known;
  }
}

class Draft {
  readonly #upgrade: KnownUpgrade;
  readonly #versions = new Set<string>();
  /** Lists of package versions, by their numbers. */
  readonly #lists = new Map<number, readonly number[]>();
  readonly #assets = new RoaringBitmap32();
  readonly #entered = new Set<Removal>();
  #severity = 1;
  #detections = 0;
  #weight = 0;

  constructor(upgrade: KnownUpgrade) {
    this.#upgrade = upgrade;
  }

  add({ versions, list, ids }: Mended, removal: Removal, check: IndexedCheck): void {
    for (const version of versions) this.#versions.add(version);
    this.#lists.set(list, ids);
    if (!this.#entered.has(removal)) uniteInto(this.#assets, removal.gone);
    this.#entered.add(removal);
    this.#severity = Math.max(this.#severity, removal.isSure ? check.severity : 1);
    this.#detections += removal.gone.size;
    this.#weight += removal.weigh(check);
  }

  end(): PlannedFix {
    const assets = this.#assets.size;
    this.#assets.dispose();
    return {
      upgrade: this.#upgrade,
      versions: this.#versions,
      packageVersions: new Set([...this.#lists.values()].flat()),
      severity: this.#severity,
      detections: this.#detections,
      assets,
      weight: this.#weight,
    };
  }
}
