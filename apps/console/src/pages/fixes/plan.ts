import type { Upgrade } from '@vedette/protocol';

/** As many as the platform weighs at once. */
const most = 1000;

/** Upgrades chosen to see what they come to, as the address has them: "debian/bookworm/openssl,debian/bookworm/curl", as on the command line. */
export function readPlan(text: string | undefined): readonly Upgrade[] {
  return (text ?? '')
    .split(',')
    .slice(0, most)
    .flatMap((part) => {
      // A source may be a path of its own: github.com/x/y.
      const [ecosystem = '', release = '', ...source] = part.split('/');
      return source.length === 0 ? [] : [{ ecosystem, release, source: source.join('/') }];
    });
}

/** The text for an address; undefined for none. */
export function writePlan(upgrades: readonly Upgrade[]): string | undefined {
  const parts = upgrades.map(({ ecosystem, release, source }) => `${ecosystem}/${release}/${source}`);
  return parts.length === 0 ? undefined : parts.join(',');
}

export function isPlanned(upgrades: readonly Upgrade[], upgrade: Upgrade): boolean {
  return upgrades.some((one) => isSame(one, upgrade));
}

/** With it, or without it where it was there. */
export function togglePlanned(upgrades: readonly Upgrade[], upgrade: Upgrade): readonly Upgrade[] {
  const others = upgrades.filter((one) => !isSame(one, upgrade));
  return others.length === upgrades.length ? [...upgrades, upgrade].slice(-most) : others;
}

function isSame(one: Upgrade, other: Upgrade): boolean {
  return one.ecosystem === other.ecosystem && one.release === other.release && one.source === other.source;
}
