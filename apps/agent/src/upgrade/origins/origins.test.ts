import { hash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasOpenssl, makeCertificates } from '../../testing/certificates.ts';
import { type EdgeFault, ReleaseServer, type ReleaseServerOptions } from '../../testing/release-server.ts';
import { StubProxy } from '../../testing/stub-proxy.ts';
import { noProxies, type ProxyPlan, readProxyPlan } from '../../transport/proxies.ts';
import { realDisk } from '../disk.ts';
import { PartialFile } from '../partial-file.ts';
import { Downloader } from './download.ts';
import { Origins } from './origins.ts';

const path = 'code/agent-linux-x64/1.zst';
const content = randomBytes(700_000);
const expected = { bytes: content.length, sha256: hash('sha256', content) };

let directory = '';
let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
  directory = mkdtempSync(join(tmpdir(), 'vedette-origins-'));
  stack.defer(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'targets/code/agent-linux-x64'), { recursive: true });
  mkdirSync(join(directory, 'tuf'));
  writeFileSync(join(directory, 'targets', path), content);
  writeFileSync(join(directory, 'tuf/1.root.json'), 'a root');
});
afterEach(() => stack.disposeAsync());

const partial = (name = 'part'): PartialFile => new PartialFile(realDisk, join(directory, 'download', name), expected);

async function serve(options: Omit<ReleaseServerOptions, 'directory'> = {}): Promise<ReleaseServer> {
  return stack.use(await ReleaseServer.start({ directory, ...options }));
}

interface Use {
  readonly edges?: readonly ReleaseServer[];
  readonly platform: ReleaseServer;
  readonly lastGood?: string;
  readonly ca?: string;
  readonly proxies?: ProxyPlan;
  readonly signal?: AbortSignal;
}

function use({ edges = [], platform, lastGood, ca, proxies = noProxies, signal }: Use): Origins {
  const patience = { answerMs: 400, floorBytes: 1000, floorMs: 200 };
  const downloader = stack.use(new Downloader({ ca, proxies, patience }));
  return new Origins({
    edges: edges.map(({ url }) => url),
    platform: platform.url,
    get: (url, request) => downloader.get(url, request),
    lastGood: lastGood ?? null,
    signal: signal ?? new AbortController().signal,
    random: () => 0,
  });
}

describe('Origins', () => {
  it('takes everything from an edge that works, and nothing from the platform', async () => {
    const [edge, platform] = [await serve(), await serve()];
    const origins = use({ edges: [edge], platform });
    await origins.probe();
    await origins.fetchTarget(path, partial());
    expect(origins.standings().map(({ bytes, failure }) => [bytes, failure])).toEqual([
      [content.length, null],
      [0, null],
    ]);
    expect(origins.best).toBe(edge.url.href);
  });

  const faults: [EdgeFault, RegExp][] = [
    ['refused', /ECONNREFUSED/],
    ['silent', /no answer within/],
    ['unhealthy', /status 503/],
    ['status-404', /status 404/],
    ['status-500', /status 500/],
    ['redirect', /not in the list/],
    ['stall', /less than 1000 bytes/],
    ['trickle', /less than 1000 bytes|SHA-256/],
    ['reset', /ECONNRESET|hang up/],
    ['longer', /bytes instead of/],
    ['altered', /SHA-256/],
    ['portal', /bytes instead of|status 200/],
  ];
  it.each(faults)('gets the file from the platform when the edge is like this: %s', async (fault, said) => {
    const [edge, platform] = [await serve({ fault }), await serve()];
    const origins = use({ edges: [edge], platform });
    await origins.probe();
    await origins.fetchTarget(path, partial());
    expect(realDisk.read(join(directory, 'download/part'), content.length)?.equals(content)).toBe(true);
    expect(origins.standings()[0]?.failure).toMatch(said);
    expect(origins.standings()[1]?.bytes).toBeGreaterThan(0);
  });

  it.skipIf(!hasOpenssl())('tells a name that nobody has and a certificate of somebody else from the rest', async () => {
    const [ours, others] = [makeCertificates(), makeCertificates()];
    const edges = [
      await serve({ tls: others.tls }),
      await serve({ tls: ours.tls, fault: 'dns' }),
      await serve({ tls: ours.tls, fault: 'no-tls' }),
    ];
    const platform = await serve({ tls: ours.tls });
    const origins = use({ edges, platform, ca: ours.ca });
    await origins.probe();
    expect(origins.standings().map(({ failure }) => failure)).toEqual([
      expect.stringMatching(/certificate/i),
      expect.stringMatching(/ENOTFOUND|EAI_AGAIN|no answer/),
      expect.stringMatching(/SSL|packet|wrong version/i),
      null,
    ]);
    await origins.fetchTarget(path, partial());
    expect(origins.standings()[3]?.bytes).toBe(content.length);
  });

  it('goes on at the byte where the edge has stopped', async () => {
    const [edge, platform] = [await serve({ fault: 'stall' }), await serve()];
    const origins = use({ edges: [edge], platform });
    await origins.fetchTarget(path, partial());
    const [first, second] = origins.standings().map(({ bytes }) => bytes);
    expect((first ?? 0) + (second ?? 0)).toBe(content.length);
    expect(first).toBeGreaterThan(0);
    expect(platform.ranges[0]).toMatch(new RegExp(`^bytes=${first}-`));
  });

  it('goes on from what an earlier run has left, and begins anew where that was spoilt', async () => {
    const platform = await serve();
    partial('sound').append(content.subarray(0, 1000));
    partial('spoilt').append(Buffer.alloc(1000));
    const origins = use({ platform });
    await origins.fetchTarget(path, partial('sound'));
    await origins.fetchTarget(path, partial('spoilt'));
    expect(platform.ranges[0]).toMatch(/^bytes=1000-/);
    expect(realDisk.read(join(directory, 'download/spoilt'), content.length)?.equals(content)).toBe(true);
  });

  it('throws when the platform itself gives wrong bytes', async () => {
    const platform = await serve({ fault: 'altered' });
    await expect(use({ platform }).fetchTarget(path, partial())).rejects.toMatchObject({ code: 'hash' });
  });

  it('asks the last good edge first, then in the signed order, and those that do not answer not at all', async () => {
    const [one, two, three, dead, platform] = [
      await serve(),
      await serve(),
      await serve(),
      await serve({ fault: 'refused' }),
      await serve(),
    ];
    const origins = use({ edges: [dead, one, two, three], platform, lastGood: three.url.href });
    await origins.probe();
    expect(origins.order().map(({ base }) => base.href)).toEqual([three, one, two, platform].map(({ url }) => url.href));
  });

  it('goes back to an edge that answers /stub_status again', async () => {
    const [edge, platform] = [await serve({ fault: 'unhealthy' }), await serve()];
    const origins = use({ edges: [edge], platform });
    await origins.probe();
    expect(origins.order()[0]?.isPlatform).toBe(true);
    edge.fault = null;
    await origins.probe();
    expect(origins.order()[0]?.base.href).toBe(edge.url.href);
  });

  it.each([1, 2])(
    'stays with an edge that is slow to answer %d of its requests, since nobody else is quicker',
    async (requests) => {
      const slow = { requests, milliseconds: 600 };
      const [edges, platform] = [[await serve({ slow }), await serve({ slow })], await serve()];
      const origins = use({ edges, platform });
      await origins.probe();
      expect(origins.standings().map(({ failure }) => failure)).toEqual([
        expect.stringMatching(/no answer within/),
        expect.stringMatching(/no answer within/),
        null,
      ]);
      await origins.fetchTarget(path, partial());
      expect(origins.standings().map(({ bytes }) => bytes > 0)).toEqual(
        requests === 1 ? [true, false, false] : [false, false, true],
      );
    },
  );

  it('asks those that were silent once after those that answer', async () => {
    const [slow, good, platform] = [await serve({ slow: { requests: 1, milliseconds: 600 } }), await serve(), await serve()];
    const origins = use({ edges: [slow, good], platform });
    await origins.probe();
    expect(origins.order().map(({ base }) => base.href)).toEqual([good, slow, platform].map(({ url }) => url.href));
  });

  it('does not go back to one that gave wrong bytes', async () => {
    const [edge, platform] = [await serve({ fault: 'altered' }), await serve()];
    const origins = use({ edges: [edge], platform });
    await origins.fetchTarget(path, partial());
    await origins.probe();
    expect(origins.order()[0]?.isPlatform).toBe(true);
  });

  it('waits as long as the platform asks, then comes with the ticket that it was given', async () => {
    const platform = await serve({ busy: { requests: 1, retryAfterSeconds: 1 } });
    const startedAt = performance.now();
    await use({ platform }).fetchTarget(path, partial());
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
    expect(platform.tickets[0]).toBe('a-promise');
  });

  it('comes back another time when the platform asks for longer', async () => {
    const platform = await serve({ busy: { requests: 9, retryAfterSeconds: 600 } });
    await expect(use({ platform }).fetchTarget(path, partial())).rejects.toMatchObject({ code: 'busy', retryAfterSeconds: 600 });
  });

  it('follows a walk of roots to its end and refuses metadata that is too long', async () => {
    const platform = await serve();
    const origins = use({ platform });
    const fetch = origins.metadataOf(origins.order()[0] ?? { base: platform.url, isPlatform: true });
    expect(Buffer.from((await fetch('1.root.json', 100)) ?? []).toString()).toBe('a root');
    expect(await fetch('2.root.json', 100)).toBeNull();
    await expect(fetch('1.root.json', 3)).rejects.toMatchObject({ code: 'length' });
  });

  it.skipIf(!hasOpenssl())('goes through the proxies of the agent', async () => {
    const { ca, tls } = makeCertificates();
    const platform = await serve({ tls });
    await using proxy = await StubProxy.start();
    const proxies = readProxyPlan({ VEDETTE_PROXY: proxy.address }, []);
    await use({ platform, ca, proxies }).fetchTarget(path, partial());
    expect(proxy.asked).toContain(platform.url.host);
  });

  it('ends at once when the agent stops', async () => {
    const platform = await serve({ busy: { requests: 9, retryAfterSeconds: 30 } });
    const stop = new AbortController();
    const fetching = use({ platform, signal: stop.signal }).fetchTarget(path, partial());
    setTimeout(() => stop.abort(), 50);
    await expect(fetching).rejects.toThrow(/abort/i);
  });
});
