import { RoaringBitmap32 } from 'roaring-wasm';
import { goneWithout, severityOn } from '../fleet-index/gone-without.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { holds, type KnownUpgrade, type KnownVerdict } from '../fleet-index/verdict-book.ts';
import type { AssetContexts } from '../risk/asset-contexts.ts';
import { weightOn } from '../risk/fleet-risk.ts';

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

interface HeldVerdict {
  readonly id: number;
  readonly verdict: KnownVerdict;
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
  const memory = new Map<string, RoaringBitmap32>();
  for (const [place, found] of index.checks.entries()) {
    const check = index.book.checks[place];
    if (!found || !check || found.open.isEmpty) continue;
    const held = heldVerdicts(index, place);
    for (const [key, own] of Map.groupBy(held, ({ verdict }) => verdict.upgrade?.key ?? '')) {
      const upgrade = own[0]?.verdict.upgrade;
      if (key === '' || !upgrade) continue;
      const gone = goneWithout(index, place, new Set(own.map(({ id }) => id)), (ids) => remembered(index, memory, [...ids]));
      if (!gone.isEmpty) {
        const draft = drafts.get(key) ?? new Draft(upgrade);
        drafts.set(key, draft);
        draft.add(own, { gone, severity: severityOn(index, place, gone), weight: weightOf(index, contexts, { place, gone }) });
      }
      gone.dispose();
    }
    if (memory.size > maxRemembered) forget(memory);
  }
  forget(memory);
  return [...drafts.values()].map((draft) => draft.end()).sort(compareFixes);
}

/** Each may have a bit for every asset. */
const maxRemembered = 500;

function forget(memory: Map<string, RoaringBitmap32>): void {
  for (const bitmap of memory.values()) bitmap.dispose();
  memory.clear();
}

/** Assets by package versions: many checks are about the same ones. */
function remembered(index: OrganizationIndex, memory: Map<string, RoaringBitmap32>, ids: readonly number[]): RoaringBitmap32 {
  const key = ids.join();
  const known = memory.get(key) ?? index.packages.assetsWithAny(ids);
  memory.set(key, known);
  return known;
}

function heldVerdicts({ book }: OrganizationIndex, place: number): HeldVerdict[] {
  return [...book.packagesOf(place)].flatMap((id) => {
    const verdict = book.verdictsOn(id).find((one) => one.place === place && holds(one));
    return verdict ? [{ id, verdict }] : [];
  });
}

interface Removed {
  readonly place: number;
  readonly gone: RoaringBitmap32;
}

function weightOf(index: OrganizationIndex, contexts: AssetContexts, { place, gone }: Removed): number {
  const check = index.book.checks[place];
  if (!check) return 0;
  const information = index.checks[place]?.information;
  if (!information) return weightOn(contexts, { check, confirmed: true }, gone);
  const [sure, rest] = [RoaringBitmap32.andNot(gone, information), RoaringBitmap32.and(gone, information)];
  const weight = weightOn(contexts, { check, confirmed: true }, sure) + weightOn(contexts, { check, confirmed: false }, rest);
  sure.dispose();
  rest.dispose();
  return weight;
}

class Draft {
  readonly #upgrade: KnownUpgrade;
  readonly #versions = new Set<string>();
  readonly #ids = new Set<number>();
  readonly #assets = new RoaringBitmap32();
  #severity = 1;
  #detections = 0;
  #weight = 0;

  constructor(upgrade: KnownUpgrade) {
    this.#upgrade = upgrade;
  }

  add(
    own: readonly HeldVerdict[],
    { gone, severity, weight }: { gone: RoaringBitmap32; severity: number; weight: number },
  ): void {
    for (const { id, verdict } of own) {
      this.#ids.add(id);
      if (verdict.upgrade) this.#versions.add(verdict.upgrade.fixed);
    }
    this.#assets.orInPlace(gone);
    this.#severity = Math.max(this.#severity, severity);
    this.#detections += gone.size;
    this.#weight += weight;
  }

  end(): PlannedFix {
    const assets = this.#assets.size;
    this.#assets.dispose();
    return {
      upgrade: this.#upgrade,
      versions: this.#versions,
      packageVersions: this.#ids,
      severity: this.#severity,
      detections: this.#detections,
      assets,
      weight: this.#weight,
    };
  }
}
