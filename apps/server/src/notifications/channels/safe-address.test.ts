import type { lookup } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { checkHost, mayReach, readNetworks, safeLookup } from './safe-address.ts';

const none = readNetworks([]);

describe('mayReach', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::1',
    '2001::1',
    '2001:db8::1',
    'fe80::1',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    'localhost',
    '',
  ])('refuses %s', (address) => expect(mayReach(address, none)).toBe(false));

  it.each(['1.1.1.1', '172.15.0.1', '172.32.0.1', '192.167.0.1', '11.0.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])(
    'allows %s',
    (address) => expect(mayReach(address, none)).toBe(true),
  );

  it('allows what the administrator allows, and nothing beside it', () => {
    const allowed = readNetworks(['10.1.0.0/16', '127.0.0.1', 'fd00::/8']);
    expect(['10.1.2.3', '127.0.0.1', '::ffff:10.1.2.3', 'fd12::1'].map((one) => mayReach(one, allowed))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['10.2.0.1', '127.0.0.2', 'fe80::1'].map((one) => mayReach(one, allowed))).toEqual([false, false, false]);
  });
});

it.each(['10.0.0.0/33', 'localhost', '10.0.0.0/x', '::1/129', '10.0.0.0/'])('%s is no network', (text) => {
  expect(() => readNetworks([text])).toThrow(RangeError);
});

it.each(['http://2130706433/', 'http://0x7f.1/', 'http://[::ffff:127.0.0.1]/', 'http://127.1/'])('%s is seen through', (url) => {
  expect(() => checkHost(new URL(url).hostname, none)).toThrow(/not on the public internet/);
});

describe('a name', () => {
  const resolver = (...addresses: string[]) =>
    ((_name: string, _options: object, callback: (error: null, found: object[]) => void) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as unknown as typeof lookup;
  const ask = (all: boolean, ...addresses: string[]) =>
    new Promise((resolve) =>
      safeLookup(none, resolver(...addresses))('example.org', { all }, (error, found) => resolve(error ? error.message : found)),
    );

  it('that leads inside is refused', async () => {
    expect(await ask(true, '127.0.0.1', '::1')).toContain('not on the public internet');
    expect(await ask(false, '169.254.169.254')).toContain('not on the public internet');
  });

  it('that leads both ways is followed outside alone, to the very address that was checked', async () => {
    expect(await ask(true, '10.0.0.1', '1.1.1.1')).toEqual([{ address: '1.1.1.1', family: 4 }]);
    expect(await ask(false, '10.0.0.1', '1.1.1.1')).toBe('1.1.1.1');
  });
});
