import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { download, type DownloadSurroundings, type Validators } from '@vedette/feeds';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DownloadFile } from './download-file.ts';
import { httpGet } from './http-get.ts';

const body = Buffer.from(Array.from({ length: 60_000 }, (_, index) => index % 251));
let server: Server;
let listener: RequestListener;
let base: string;
let folder: string;
let path: string;
let dispatcher: Agent;
let asked: IncomingMessage[];
let pauses: number[];
let clock: () => number;

beforeEach(async () => {
  asked = [];
  pauses = [];
  clock = () => 0;
  server = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'vedette-download-'));
  path = join(folder, 'feed/file');
  dispatcher = new Agent();
});
afterEach(async () => {
  await dispatcher.destroy();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

async function fetched(change: { known?: Validators; url?: string; maxBytes?: number } = {}): Promise<Validators | null> {
  const surroundings: DownloadSurroundings = {
    get: httpGet(dispatcher, new AbortController().signal),
    now: () => clock(),
    pause: async (ms) => void pauses.push(ms),
    random: () => 0,
  };
  const part = await DownloadFile.open(path);
  const { known = null, url = `${base}/file`, maxBytes = 100_000 } = change;
  return download({ url, maxBytes, known, part }, surroundings);
}

const arrived = (): Buffer => readFileSync(`${path}.part`);
const headersAsked = (name: string): (string | undefined)[] => asked.map(({ headers }) => headers[name] as string | undefined);

/** Half of the body, then the connection breaks. */
async function cut(response: ServerResponse, headers: Record<string, string> = { etag: '"a"' }, bytes = body): Promise<void> {
  response.writeHead(200, { ...headers, 'content-length': bytes.length });
  response.write(bytes.subarray(0, bytes.length / 2));
  // The kernel must have taken it before the end.
  await setTimeout(20);
  response.destroy();
}

/** As a careful server answers a range (RFC 9110, 14.2). */
function rest(request: IncomingMessage, response: ServerResponse, { etag = '"a"', bytes = body } = {}): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(start) || request.headers['if-range'] !== etag) {
    response.writeHead(200, { etag, 'content-length': bytes.length }).end(bytes);
    return;
  }
  const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { etag, 'content-range': range, 'content-length': bytes.length - start }).end(bytes.subarray(start));
}

describe('a file', () => {
  it('comes whole, with what its source says of its version', async () => {
    listener = (_request, response) => void response.setHeader('last-modified', 'x').setHeader('etag', '"a"').end(body);
    expect(await fetched()).toEqual({ etag: '"a"', lastModified: 'x' });
    expect(arrived().equals(body)).toBe(true);
    expect(asked[0]?.headers).toMatchObject({ 'accept-encoding': 'identity', 'user-agent': 'vedette' });
  });

  it('that did not change is not sent again', async () => {
    listener = (request, response) => void response.writeHead(request.headers['if-none-match'] === '"a"' ? 304 : 200).end();
    expect(await fetched({ known: { etag: '"a"', lastModified: 'Sat, 01 Aug 2026 00:00:00 GMT' } })).toBeNull();
    expect(headersAsked('if-modified-since')).toEqual(['Sat, 01 Aug 2026 00:00:00 GMT']);
  });

  it('that is said not to have changed although nobody asked so is an error', async () => {
    listener = (_request, response) => void response.writeHead(304).end();
    await expect(fetched()).rejects.toMatchObject({ code: 'HTTP' });
  });
});

describe('a download that breaks off', () => {
  it('goes on where it was, also in another program', async () => {
    listener = (_request, response) => void cut(response);
    await expect(fetched()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(arrived()).toHaveLength(30_000);
    const before = asked.length;
    listener = rest;
    await fetched();
    expect(arrived().equals(body)).toBe(true);
    expect(headersAsked('range').slice(before)).toEqual(['bytes=30000-']);
  });

  it('is tried four times, with growing pauses', async () => {
    listener = (request) => void request.socket.destroy();
    await expect(fetched()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(asked).toHaveLength(4);
    expect(pauses).toEqual([1000, 2000, 4000]);
  });

  it('begins anew when the file changed meanwhile', async () => {
    const other = Buffer.alloc(50_000, 7);
    listener = (request, response) =>
      asked.length === 1 ? void cut(response) : rest(request, response, { etag: '"b"', bytes: other });
    expect(await fetched()).toMatchObject({ etag: '"b"' });
    expect(arrived().equals(other)).toBe(true);
  });

  it.each([
    ['of another version', { 'content-range': 'bytes 30000-59999/60000', etag: '"b"' }],
    ['of another place', { 'content-range': 'bytes 10-30009/60000', etag: '"a"' }],
    ['without a place', { etag: '"a"' }],
  ])('is not glued to a rest %s', async (_, headers) => {
    listener = (request, response) => {
      if (asked.length === 1) void cut(response);
      else if (request.headers.range) response.writeHead(206, headers).end(Buffer.alloc(30_000, 9));
      else response.writeHead(200, { etag: '"a"' }).end(body);
    };
    await fetched();
    expect(arrived().equals(body)).toBe(true);
  });

  it.each([
    ['only a weak ETag', { etag: 'W/"a"' }],
    ['nothing', {}],
  ])('begins anew where its source says %s of the version', async (_, headers) => {
    listener = (_request, response) => (asked.length === 1 ? void cut(response, headers) : void response.end(body));
    await fetched();
    expect(headersAsked('range')).toEqual([undefined, undefined]);
    expect(arrived().equals(body)).toBe(true);
  });

  it('begins anew where the rest cannot be had', async () => {
    listener = (request, response) => {
      if (asked.length === 1) void cut(response);
      else if (request.headers.range) response.writeHead(416).end();
      else response.end(body);
    };
    await fetched();
    expect(arrived().equals(body)).toBe(true);
  });

  it('begins anew where what was left does not belong together', async () => {
    listener = (_request, response) => void cut(response);
    await fetched().catch(() => undefined);
    rmSync(`${path}.part.json`);
    listener = rest;
    await fetched();
    expect(headersAsked('range').at(-1)).toBeUndefined();
    expect(arrived().equals(body)).toBe(true);
  });
});

describe('a source', () => {
  it('that announces more than the file may have is not listened to', async () => {
    listener = (_request, response) => void response.writeHead(200, { 'content-length': 100_001 }).end(Buffer.alloc(100_001));
    await expect(fetched()).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(arrived()).toHaveLength(0);
  });

  it('that sends without end is stopped, and nothing of it stays', async () => {
    listener = (_request, response) => {
      const more = (): void => void (response.destroyed || response.write(body, () => setImmediate(more)));
      more();
    };
    await expect(fetched()).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(arrived()).toHaveLength(0);
    expect(asked).toHaveLength(1);
  });

  it('that sends drop by drop is given up, and what came is kept', async () => {
    let ms = 0;
    // Ten seconds between two drops.
    clock = () => (ms += 10_000);
    listener = (_request, response) => {
      response.writeHead(200, { etag: '"a"', 'content-length': 60_000 });
      const drop = (): void => void (response.destroyed || response.write('x', () => setImmediate(drop)));
      drop();
    };
    await expect(fetched()).rejects.toMatchObject({ code: 'STALLED' });
    expect(arrived().length).toBeGreaterThan(0);
  });

  it.each([
    [429, '7', 7000],
    [503, 'Fri, 31 Dec 2027 23:59:59 GMT', 1000],
  ])('that answers %d is asked again after what it says (%s)', async (status, after, pause) => {
    listener = (_request, response) =>
      asked.length === 1 ? void response.writeHead(status, { 'retry-after': after }).end() : void response.end(body);
    await fetched();
    expect(pauses).toEqual([pause]);
  });

  it('that wants an hour is left alone until the next refresh', async () => {
    listener = (_request, response) => void response.writeHead(503, { 'retry-after': '3600' }).end();
    await expect(fetched()).rejects.toMatchObject({ code: 'HTTP' });
    expect(asked).toHaveLength(1);
  });

  it.each([401, 403, 404, 410])('that answers %d is asked once', async (status) => {
    listener = (_request, response) => void response.writeHead(status).end();
    await expect(fetched()).rejects.toMatchObject({ code: 'HTTP', message: expect.stringContaining(String(status)) });
    expect(asked).toHaveLength(1);
  });

  it('that packs what was not asked to be packed is not believed', async () => {
    listener = (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
    await expect(fetched()).rejects.toMatchObject({ code: 'HTTP' });
  });
});

describe('a redirect', () => {
  it('within the host is followed', async () => {
    listener = (request, response) =>
      request.url === '/file' ? void response.writeHead(302, { location: '/other' }).end() : void response.end(body);
    await fetched();
    expect(asked.map(({ url }) => url)).toEqual(['/file', '/other']);
    expect(arrived().equals(body)).toBe(true);
  });

  it.each([
    ['another host', 'http://localhost/x'],
    ['another port', 'http://127.0.0.1:1/x'],
    ['a file', 'file:///etc/passwd'],
    ['somebody who logs in', 'http://me@127.0.0.1/x'],
    ['nothing', 'http://'],
  ])('to %s is not followed', async (_, location) => {
    listener = (_request, response) => void response.writeHead(302, { location }).end();
    await expect(fetched()).rejects.toMatchObject({ code: 'REDIRECT' });
    expect(asked).toHaveLength(1);
  });

  it('that never ends is left', async () => {
    listener = (_request, response) => void response.writeHead(302, { location: '/file' }).end();
    await expect(fetched()).rejects.toMatchObject({ code: 'REDIRECT' });
    expect(asked).toHaveLength(4);
  });
});
