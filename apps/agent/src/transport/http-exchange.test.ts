import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createServer as createHttps } from 'node:https';
import type { TlsOptions } from 'node:tls';
import { hasOpenssl, makeCertificates } from '../testing/certificates.ts';
import { StubProxy } from '../testing/stub-proxy.ts';
import { HttpExchange } from './http-exchange.ts';
import { readProxyPlan } from './proxies.ts';

const body = Buffer.from('document');
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, host, resolve);
  await promise;
  return (server.address() as AddressInfo).port; // a TCP server that listens
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  return port;
}

describe.skipIf(!hasOpenssl())('HttpExchange (skipped: openssl is missing)', () => {
  const { ca, tls } = hasOpenssl() ? makeCertificates({ subjectAltName: 'IP:127.0.0.1,IP:::1,DNS:localhost' }) : ({} as never);
  const requests: string[] = [];
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    server = createHttps(tls as TlsOptions, (request, response) => {
      requests.push(request.url ?? '');
      request.resume().on('end', () => response.end('taken'));
    });
    port = await listen(server);
  });
  afterAll(() => void server.close());

  const exchangeBy = (environment: Record<string, string>, to = `https://127.0.0.1:${port}`): HttpExchange =>
    new HttpExchange({ platform: new URL(to), ca, proxies: readProxyPlan(environment, []), timeoutMs: 5000 });

  it.each([['http'], ['https']])('goes through an %s proxy with user and password, over one tunnel', async (scheme) => {
    const authorization = `Basic ${Buffer.from('agent:p@ss').toString('base64')}`;
    await using proxy = await StubProxy.start({ authorization, ...(scheme === 'https' ? { tls } : {}) });
    using exchange = exchangeBy({ VEDETTE_PROXY: proxy.address.replace('://', '://agent:p%40ss@') });
    const reply = await exchange.post('/a', {}, body);
    await exchange.post('/b', {}, body);
    expect({ text: reply.body.toString(), asked: proxy.asked }).toEqual({ text: 'taken', asked: [`127.0.0.1:${port}`] });
  });

  it('names a proxy that wants a password, and does not show the one it was given', async () => {
    await using proxy = await StubProxy.start({ authorization: 'Basic other' });
    using exchange = exchangeBy({ VEDETTE_PROXY: proxy.address.replace('://', '://agent:hidden@') });
    const error = await exchange.post('/a', {}, body).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ProxyError', code: 'AUTHENTICATION', proxy: proxy.address });
    expect(String(error)).not.toContain('hidden');
  });

  it('fails closed: without a proxy that works it does not go direct', async () => {
    await using proxy = await StubProxy.start({ refusesWith: 403 });
    const before = requests.length;
    using exchange = exchangeBy({ VEDETTE_PROXY: `${proxy.address} http://127.0.0.1:${await closedPort()}` });
    await expect(exchange.post('/closed', {}, body)).rejects.toThrow(/status 403.*; .*ECONNREFUSED/);
    expect(requests).toHaveLength(before);
  });

  it('goes direct when that was chosen', async () => {
    await using proxy = await StubProxy.start({ refusesWith: 503 });
    using exchange = exchangeBy({ VEDETTE_PROXY: proxy.address, VEDETTE_PROXY_FALLBACK: 'direct' });
    await expect(exchange.post('/a', {}, body)).resolves.toMatchObject({ status: 200 });
    expect(exchange.route).toBe('direct');
  });

  it('remembers the proxy that let it through', async () => {
    await using bad = await StubProxy.start({ refusesWith: 502 });
    await using good = await StubProxy.start();
    using exchange = exchangeBy({ VEDETTE_PROXY: `${bad.address} ${good.address}` });
    await exchange.post('/a', {}, body);
    await exchange.post('/b', {}, body);
    expect({ route: exchange.route, asked: bad.asked.length }).toEqual({ route: good.address, asked: 1 });
  });

  it('sends nothing twice that may have arrived, and begins with the next proxy after that', async () => {
    await using cutting = await StubProxy.start({ cutsAfterBytes: 4000 });
    await using good = await StubProxy.start();
    using exchange = exchangeBy({ VEDETTE_PROXY: `${cutting.address} ${good.address}` });
    await expect(exchange.post('/large', {}, Buffer.alloc(100_000))).rejects.toThrow(/socket hang up|ECONNRESET|EPIPE/);
    expect(good.asked).toEqual([]);
    await expect(exchange.post('/large', {}, Buffer.alloc(100_000))).resolves.toMatchObject({ status: 200 });
    expect({ cutting: cutting.asked.length, good: good.asked.length }).toEqual({ cutting: 1, good: 1 });
  });

  it.skipIf(!hasIpv6)('reaches a platform that has IPv6 only', async () => {
    const single = createHttps(
      tls as TlsOptions,
      (request, response) => void request.resume().on('end', () => response.end('taken')),
    );
    const singlePort = await listen(single, '::1');
    await using proxy = await StubProxy.start();
    using direct = exchangeBy({}, `https://[::1]:${singlePort}`);
    await expect(direct.post('/a', {}, body)).resolves.toMatchObject({ status: 200 });
    using proxied = exchangeBy({ VEDETTE_PROXY: proxy.address }, `https://[::1]:${singlePort}`);
    await expect(proxied.post('/a', {}, body)).resolves.toMatchObject({ status: 200 });
    expect(proxy.asked).toEqual([`[::1]:${singlePort}`]);
    single.close();
  });
});
