import { networkInterfaceFact } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import { wholeNumber } from '../shared/whole-number.ts';
import { addressesByInterface, isContainerCable } from './parse.ts';

const limit = { maxBytes: 4096 };
const directory = '/sys/class/net';

export const networkInterface = defineCollector({
  fact: networkInterfaceFact,
  describes: 'Network interfaces with their addresses; not the cables of containers.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: [directory, `${directory}/*/address`, `${directory}/*/operstate`, `${directory}/*/mtu`],
    maxBytes: limit.maxBytes,
  },
  essential: [directory],
  watches: ['interfaces'],
  // A change of the hardware address alone is not always told.
  refreshSeconds: 3600,
  async rows(host) {
    const addresses = addressesByInterface(host.networkAddresses());
    const value = (name: string, file: string): string => host.readText(`${directory}/${name}/${file}`, limit)?.trim() ?? '';
    const rows = (host.listDirectory(directory) ?? []).flatMap((name) => {
      const mtu = wholeNumber(value(name, 'mtu'), 0xffff_ffff);
      // Only interfaces have one; the directory also holds control files of bonding.
      if (mtu === null) return [];
      const own = addresses.get(name) ?? [];
      if (isContainerCable(name, own)) return [];
      return [{ name, mac: value(name, 'address'), state: value(name, 'operstate'), mtu, addresses: own }];
    });
    return { rows };
  },
});
