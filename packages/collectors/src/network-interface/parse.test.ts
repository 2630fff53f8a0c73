import { describe, expect, it } from 'vitest';
import { fakeHost } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { networkInterface } from './index.ts';
import { addressesByInterface, isContainerCable } from './parse.ts';

describe('addressesByInterface', () => {
  it('puts IPv4 before IPv6, sorts, and files labels under their interface', () => {
    const map = addressesByInterface([
      { interfaceName: 'eth0', family: 'IPv6', cidr: '2001:db8::1/64' },
      { interfaceName: 'eth0:1', family: 'IPv4', cidr: '192.0.2.2/24' },
      { interfaceName: 'eth0', family: 'IPv4', cidr: '192.0.2.1/24' },
      { interfaceName: 'eth0', family: 'IPv4', cidr: '192.0.2.1/24' },
      { interfaceName: '__proto__', family: 'IPv4', cidr: '192.0.2.9/24' },
    ]);
    expect([...map]).toEqual([
      ['eth0', ['192.0.2.1/24', '192.0.2.2/24', '2001:db8::1/64']],
      ['__proto__', ['192.0.2.9/24']],
    ]);
  });
});

describe('isContainerCable', () => {
  it.each([
    ['veth12ab', [], true],
    ['veth12ab', ['fe80::1/64'], true],
    ['veth12ab', ['192.0.2.1/24'], false],
    ['eth0', [], false],
  ])('%s with %j → %s', (name, addresses, expected) => expect(isContainerCable(name, addresses)).toBe(expected));
});

describe('network-interface collector', () => {
  it('reads interfaces, skips control files and broken numbers', async () => {
    const host = fakeHost(
      {
        '/sys/class/net/eth0/address': '02:00:00:00:00:01\n',
        '/sys/class/net/eth0/operstate': 'up\n',
        '/sys/class/net/eth0/mtu': '1500\n',
        '/sys/class/net/bonding_masters': '\n',
        '/sys/class/net/odd0/mtu': '-1\n',
      },
      { addresses: [{ interfaceName: 'eth0', family: 'IPv4', cidr: '192.0.2.1/24' }] },
    );
    const row = { name: 'eth0', mac: '02:00:00:00:00:01', state: 'up', mtu: 1500, addresses: ['192.0.2.1/24'] };
    expect(await runCollector(networkInterface, host)).toEqual({ status: 'complete', rows: [row], problems: [] });
  });
});
