import { lookup as resolve, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { DeliveryError } from './delivery-error.ts';

/**
 * Addresses that are not of the public internet: this machine, its networks and their neighbours, and what wraps an IPv4 address
 * (RFC 6890 and the IANA registries of special-purpose addresses). Reached from here, a message would speak with our own rights.
 */
const special = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  special.addSubnet(network, prefix, 'ipv4');
}
const publicV6 = new BlockList();
publicV6.addSubnet('2000::', 3, 'ipv6');
const wrapping = new BlockList();
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  wrapping.addSubnet(network, prefix, 'ipv6');
}

/** Networks that the administrator allows although they are not public. Throws RangeError for what is no network. */
export function readNetworks(texts: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const text of texts) {
    const [address = '', bits] = text.split('/');
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (family === 0 || !(prefix <= most)) throw new RangeError(`"${text}" is no network`);
    networks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return networks;
}

/** Whether something may be sent there. */
export function mayReach(address: string, allowed: BlockList): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  const family = isIP(plain);
  if (family === 0) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (allowed.check(plain, type)) return true;
  if (family === 4) return !special.check(plain, 'ipv4');
  return publicV6.check(plain, 'ipv6') && !wrapping.check(plain, 'ipv6');
}

/**
 * A lookup that gives only addresses that may be reached. The connection uses the very address that was checked here: a name that answers
 * otherwise the next time gains nothing.
 */
export function safeLookup(allowed: BlockList, resolver: typeof resolve = resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolver(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const good = (addresses as readonly LookupAddress[]).filter(({ address }) => mayReach(address, allowed)); // `all` was asked for
      const [first] = good;
      if (!first) return callback(refusal(hostname), '', 0);
      if (options.all) return callback(null, good);
      return callback(null, first.address, first.family);
    });
  };
}

/** Throws DeliveryError REFUSED for an address given as such that may not be reached; names are checked when they are looked up. */
export function checkHost(hostname: string, allowed: BlockList): void {
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0 && !mayReach(bare, allowed)) throw refusal(hostname);
}

function refusal(hostname: string): DeliveryError {
  return new DeliveryError(
    'REFUSED',
    `${hostname} is not on the public internet, and its network is not among VEDETTE_DESTINATION_NETWORKS`,
  );
}
