import { edgeTokenHeader, ticketHeader } from '@vedette/protocol';
import { fastify, type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { answerWithProblems } from '../http/problems.ts';
import { makeDownloadGate, siteOf } from './download-gate.ts';

const apps: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

function platform(environment: Record<string, string> = {}) {
  const app = fastify();
  apps.push(app);
  const time = { now: Date.UTC(2026, 10, 22) };
  const metrics = new Registry();
  app.decorate('metrics', metrics);
  answerWithProblems(app);
  const config = readConfig({ VEDETTE_DOWNLOADS_PER_SECOND: '1', VEDETTE_EDGE_TOKEN: 'of-all-our-edges', ...environment });
  const platformKey = { publicKeyBase64: '', sign: (text: string) => Buffer.from(text) };
  const gate = makeDownloadGate(app, { config, platformKey, clock: () => new Date(time.now) } as unknown as Context); // all it uses
  app.get('/file', async (request, reply) => {
    gate(request, reply, { first: 0, last: 999, size: 1000 });
    return 'bytes';
  });
  const get = (headers: Record<string, string> = {}) => app.inject({ url: '/file', headers });
  return { get, time, metrics };
}

describe('the gate before downloads', () => {
  it('tells who has to wait when to come back, and lets it in then', async () => {
    const { get, time, metrics } = platform();
    expect((await get()).statusCode).toBe(200);
    await get();
    const refused = await get();
    expect(refused.json()).toMatchObject({ status: 503, code: 'UNAVAILABLE', retryAfterSeconds: 1 });
    expect([refused.headers['retry-after'], refused.headers['cache-control']]).toEqual(['1', 'no-store']);
    const ticket = String(refused.headers[ticketHeader]);
    time.now += 1000;
    expect((await get({ [ticketHeader]: ticket })).statusCode).toBe(200);
    const text = await metrics.metrics();
    expect(text).toMatch(/vedette_downloads_total\{outcome="admitted"\} 3\n/);
    expect(text).toMatch(/vedette_downloads_total\{outcome="queued"\} 1\n/);
    expect(text).toMatch(/vedette_downloads_active 0\n/);
  });

  it.each([
    ['the token', 'of-all-our-edges', 200],
    ['another token', 'of-all-our-edgez', 503],
    ['an empty one', '', 503],
  ])('answers an edge with %s without letting it wait: %s is %d', async (_what, token, status) => {
    const { get } = platform();
    await get();
    await get();
    expect((await get({ [edgeTokenHeader]: token })).statusCode).toBe(status);
  });

  it('lets no token pass where none was set', async () => {
    const { get } = platform({ VEDETTE_EDGE_TOKEN: '' });
    await get();
    await get();
    expect((await get({ [edgeTokenHeader]: 'undefined' })).statusCode).toBe(503);
  });
});

describe('siteOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('%s is of %s', (address, site) => expect(siteOf(address)).toBe(site));
});
