import type { NetworkAddress } from '../host.ts';

/** Addresses of each interface, IPv4 before IPv6, sorted, each once. */
export function addressesByInterface(addresses: readonly NetworkAddress[]): ReadonlyMap<string, string[]> {
  const ordered = addresses.toSorted((a, b) => compare(a.family, b.family) || compare(a.cidr, b.cidr));
  const byName = new Map<string, string[]>();
  for (const { interfaceName, cidr } of ordered) {
    // getifaddrs(3) answers an IPv4 address's label, such as eth0:1, which is no interface.
    const name = interfaceName.split(':', 1)[0] ?? interfaceName;
    const list = byName.get(name) ?? [];
    if (!list.includes(cidr)) list.push(cidr);
    byName.set(name, list);
  }
  return byName;
}

/** The host's end of a container's cable: comes and goes with the container and carries no address of its own. */
export function isContainerCable(name: string, addresses: readonly string[]): boolean {
  return name.startsWith('veth') && addresses.every((address) => address.startsWith('fe80:'));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
