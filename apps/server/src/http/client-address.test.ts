import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNetworks } from '../notifications/channels/safe-address.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { clientAddress, type ProxyHeader, type TrustedProxies } from './client-address.ts';

const trusted = readNetworks(['127.0.0.1', '10.1.0.0/16', '2001:db8:1::/48']);
const by = (header: ProxyHeader): TrustedProxies => ({ networks: trusted, header });
const client = '198.51.100.7';

describe('clientAddress', () => {
  it.each([
    ['believes a trusted proxy', '127.0.0.1', client, client],
    ['believes nobody else', '203.0.113.1', client, '203.0.113.1'],
    ['takes what the proxy appended, not what the client wrote before', '127.0.0.1', `10.1.0.1, 1.2.3.4, ${client}`, client],
    ['goes back through a chain of trusted ones', '127.0.0.1', `6.6.6.6, ${client}, 10.1.2.3, 10.1.9.9`, client],
    ['stops where a chain is not trusted', '127.0.0.1', `${client}, 203.0.113.9, 10.1.2.3`, '203.0.113.9'],
    ['takes the first one where all are trusted', '127.0.0.1', '10.1.0.5, 10.1.0.6', '10.1.0.5'],
    ['stays with the proxy that says nothing', '127.0.0.1', undefined, '127.0.0.1'],
    ['stays with the proxy that says nothing readable', '127.0.0.1', `${client}, unknown`, '127.0.0.1'],
    ['stays with the proxy behind an empty part', '127.0.0.1', `${client},`, '127.0.0.1'],
    ['reads no name', '127.0.0.1', 'localhost', '127.0.0.1'],
    ['reads no zone', '127.0.0.1', 'fe80::1%eth0', '127.0.0.1'],
    ['leaves a port out', '127.0.0.1', `${client}:51234`, client],
    ['knows IPv6', '2001:db8:1::5', '2001:DB8:2::1', '2001:db8:2::1'],
    ['knows IPv6 with a port', '127.0.0.1', '[2001:db8:2::1]:443', '2001:db8:2::1'],
    ['knows an IPv4 peer in the clothes of IPv6', '::ffff:127.0.0.1', client, client],
    ['knows a proxy in the clothes of IPv6', '127.0.0.1', `${client}, ::ffff:10.1.0.1`, client],
  ])('%s', (_, peer, said, expected) => {
    expect(clientAddress(peer, { 'x-forwarded-for': said } as never, by('x-forwarded-for'))).toBe(expected);
  });

  it.each([
    ['one part', `for=${client};proto=https;by=10.1.0.1`, client],
    ['a part in other letters and order', `Proto=http; For="${client}:1234"`, client],
    ['IPv6', 'for="[2001:db8:2::1]:4711"', '2001:db8:2::1'],
    ['a chain', `for=6.6.6.6, for=${client}, for="10.1.0.1"`, client],
    ['the end, whatever quote a client opened', `for="6.6.6.6, for=${client}`, client],
    ['the end before quotes of its own', `for="6.6.6.6, for="${client}"`, client],
    ['nothing that is hidden', `for=${client}, for=_hidden`, '127.0.0.1'],
    ['nothing where there is no for', 'proto=https', '127.0.0.1'],
  ])('reads from Forwarded %s', (_, forwarded, expected) => {
    expect(clientAddress('127.0.0.1', { forwarded }, by('forwarded'))).toBe(expected);
  });

  it('does not look at the header that the proxy does not write', () => {
    const headers = { forwarded: 'for=6.6.6.6', 'x-forwarded-for': client };
    expect(clientAddress('127.0.0.1', headers, by('x-forwarded-for'))).toBe(client);
    expect(clientAddress('127.0.0.1', headers, by('forwarded'))).toBe('6.6.6.6');
  });
});

describe('behind a proxy', () => {
  let database: ThrowAwayDatabase;
  let server: TestServer;
  const proxy = '10.1.0.1';
  const password = 'three unlike words';

  beforeAll(async () => {
    database = await throwAwayDatabase();
    server = await testServer(database, { trustedProxies: by('x-forwarded-for') });
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  async function guess(from: string, { peer = proxy, login = 'nobody' } = {}): Promise<number> {
    const headers = { 'x-forwarded-for': from };
    const payload = { login, password };
    return (await server.app.inject({ method: 'POST', url: '/api/v1/session', headers, payload, remoteAddress: peer }))
      .statusCode;
  }

  it('one who guesses keeps nobody else out', async () => {
    for (let at = 0; at < 5; at += 1) expect(await guess(client)).toBe(401);
    expect(await guess(client)).toBe(429);
    expect(await guess('198.51.100.8')).toBe(401);
  });

  it.each([
    ['past the proxy, under a new address each time', '203.0.113.5', (at: number) => `198.51.101.${at}`],
    ['through the proxy, with addresses of its own in front', proxy, (at: number) => `198.51.102.${at}, 203.0.113.6`],
    ['through the proxy, as if another proxy had said so', proxy, (at: number) => `198.51.103.${at}, 203.0.113.7, 10.1.0.${at}`],
  ])('one who guesses %s is locked all the same', async (what, peer, from) => {
    const statuses = [];
    for (let at = 0; at < 6; at += 1) statuses.push(await guess(from(at), { peer, login: what }));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('is limited by its own address, however many come through the proxy', async () => {
    let refused = 0;
    for (let at = 0; at < 25; at += 1) if ((await guess('198.51.100.9', { login: `login-${at}` })) === 429) refused += 1;
    expect(refused).toBe(5);
    expect(await guess('198.51.100.10')).toBe(401);
  });

  it('the audit log has the address of the client', async () => {
    const manager = await testCaller(server);
    const headers = { ...manager.headers, 'x-forwarded-for': `6.6.6.6, ${client}` };
    const url = '/api/v1/activation-keys';
    await server.app.inject({ method: 'POST', url, headers, payload: { name: 'k' }, remoteAddress: proxy });
    const { items } = (await server.app.inject({ url: '/api/v1/audit', headers: manager.headers })).json<{
      items: { actor: { address: string } }[];
    }>();
    expect(items[0]?.actor.address).toBe(client);
  });

  it('believes no host name that comes along', async () => {
    const session = { cookie: 'vedette-session=x', origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' };
    const reply = await server.app.inject({
      method: 'POST',
      url: '/api/v1/activation-keys',
      headers: { ...session, 'x-forwarded-for': client },
      payload: { name: 'k' },
      remoteAddress: proxy,
    });
    expect(reply.statusCode).toBe(403);
  });
});
