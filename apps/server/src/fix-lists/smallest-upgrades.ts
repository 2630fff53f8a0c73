import { type Ecosystem, ecosystems } from '@vedette/ecosystems';

/** An upgrade of a source package of a release, and the first version without the flaw. */
interface Upgrade {
  readonly key: string;
  readonly fixed: string;
}

/** A source package to upgrade. */
export interface NeededUpgrade<Held, Found> {
  readonly key: string;
  /** First versions without one of the flaws: the highest of them is without all. */
  readonly versions: ReadonlySet<string>;
  readonly held: ReadonlySet<Held>;
  /** What goes with it, perhaps with others only. */
  readonly found: ReadonlySet<Found>;
}

export interface SmallestUpgrades<Held, Found> {
  readonly upgrades: readonly NeededUpgrade<Held, Found>[];
  /** What stays open: not all of its packages have a version without the flaw. */
  readonly rest: readonly Found[];
}

/**
 * The smallest set of upgrades of an asset that removes every detection that upgrades can remove: those all of whose packages have a version
 * without the flaw. A package is in it only where something goes with it, to no higher version than that needs.
 */
export function smallestUpgrades<Held, Found>(
  open: readonly Found[],
  {
    heldBy,
    upgradeOf,
  }: { readonly heldBy: (found: Found) => readonly Held[]; readonly upgradeOf: (held: Held) => Upgrade | null },
): SmallestUpgrades<Held, Found> {
  const drafts = new Map<string, { key: string; versions: Set<string>; held: Set<Held>; found: Set<Found> }>();
  const rest: Found[] = [];
  for (const found of open) {
    const needed = heldBy(found).map((held) => ({ held, upgrade: upgradeOf(held) }));
    if (needed.length === 0 || needed.some(({ upgrade }) => upgrade === null)) {
      rest.push(found);
      continue;
    }
    for (const { held, upgrade } of needed) {
      if (!upgrade) continue;
      const { key, fixed } = upgrade;
      const draft = drafts.get(key) ?? { key, versions: new Set(), held: new Set(), found: new Set() };
      drafts.set(key, draft);
      draft.versions.add(fixed);
      draft.held.add(held);
      draft.found.add(found);
    }
  }
  return { upgrades: [...drafts.values()], rest };
}

/** The highest of the versions, as their ecosystem orders them. */
export function highestVersion(versions: Iterable<string>, ecosystem: string): string {
  const { compareVersions } = ecosystems[ecosystem as Ecosystem['name']]; // as an advisory's statement has it
  return [...versions].reduce((best, version) => (compareVersions(version, best) > 0 ? version : best));
}
