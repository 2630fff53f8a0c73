import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deleteReport, getSession, previewReport, ReportId } from '@vedette/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { type Client, connect } from './connect.ts';
import type { Patience } from './patience.ts';

let server: Server | null = null;
afterEach(() => server?.close());

async function clientOf(answer: RequestListener, { scheme = 'http', patience }: { scheme?: string; patience?: Patience } = {}) {
  server = createServer(answer);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return connect(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, { token: 'vdt_x' }, patience);
}

it.each<[string, RequestListener, object]>([
  [
    'a proxy that says nothing of use',
    (_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
    { status: 502, message: expect.stringContaining('answered 502') },
  ],
  [
    'a program that is no platform',
    (_, response) => response.end('{"hello":1}'),
    { code: 'INTERNAL', message: expect.stringMatching(/^http:.* does not know it \(userId: .*\); is it a Vedette platform/) },
  ],
  [
    'an answer that breaks off',
    (_, response) => response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
    { code: 'UNREACHABLE', message: expect.stringMatching(/^the answer of http:.* broke off$/) },
  ],
])('of %s an ApiError says in one line what came', async (_, answer, expected) => {
  const client = await clientOf(answer);
  await expect(client.call(getSession, {})).rejects.toMatchObject({ name: 'ApiError', ...expected });
});

it('asks whether it is an http:// address where no TLS is spoken', async () => {
  const client = await clientOf((_, response) => response.end(), { scheme: 'https' });
  await expect(client.call(getSession, {})).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringMatching(/does not speak TLS .*is it an http:\/\/ address/),
  });
});

it('tells of a download that breaks off, so that nobody takes half of a file for the whole', async () => {
  const client = await clientOf((_, response) =>
    response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy()),
  );
  const whole = async () => {
    for await (const _ of client.download('/reports/x/file'));
  };
  await expect(whole()).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

describe('a platform that is busy', () => {
  const wishes = {
    'a GET': (client: Client) => client.request('GET', '/reports'),
    'a download': (client: Client) => drain(client.download('/reports/x/file')),
    'a preview, which reads': (client: Client) => client.call(previewReport, { body: {} }),
    'a POST by its address': (client: Client) => client.request('POST', '/reports', {}),
    'a DELETE': (client: Client) => client.call(deleteReport, { params: { reportId: ReportId.parse(randomUUID()) } }),
  };

  async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const _ of chunks);
  }

  /** Refuses all but the last of so many requests; how often it was asked and which waits there were, when the client is done. */
  async function refusing(
    { status, retryAfter, body = {}, times }: { status: number; retryAfter?: string; body?: object; times: number },
    wish: keyof typeof wishes,
    patience: Partial<Patience> = {},
  ) {
    const waits: number[] = [];
    let asked = 0;
    const client = await clientOf(
      (_, response) => {
        asked += 1;
        const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
        if (asked <= times) response.writeHead(status, headers).end(JSON.stringify(body));
        else response.end('{"deleted":true,"assets":1,"detections":1}');
      },
      { patience: { maxSeconds: 60, pause: async (seconds) => void waits.push(seconds), ...patience } },
    );
    const failure = await wishes[wish](client).then(
      () => null,
      (error: unknown) => error,
    );
    return { asked, waits, failure };
  }

  it.each<[number, keyof typeof wishes]>([
    [429, 'a GET'],
    [429, 'a download'],
    [429, 'a preview, which reads'],
    [429, 'a POST by its address'],
    [429, 'a DELETE'],
    [503, 'a GET'],
    [503, 'a download'],
    [503, 'a preview, which reads'],
  ])('that answers %i is asked again for %s', async (status, wish) => {
    const { asked, waits, failure } = await refusing({ status, retryAfter: '7', times: 2 }, wish);
    expect([asked, waits, failure]).toEqual([3, [7, 7], null]);
  });

  it.each<[number, keyof typeof wishes]>([
    [503, 'a POST by its address'],
    [503, 'a DELETE'],
    [500, 'a GET'],
  ])('that answers %i is not asked again for %s: it may be half done, or no better later', async (status, wish) => {
    const refused = await refusing({ status, retryAfter: '7', times: 2 }, wish);
    expect(refused).toMatchObject({ asked: 1, waits: [], failure: { name: 'ApiError', status } });
  });

  it.each<[string, Parameters<typeof refusing>[0], number[]]>([
    ['five times', { status: 429, retryAfter: '2', times: 9 }, [2, 2, 2, 2]],
    ['a minute in all', { status: 503, retryAfter: '25', times: 9 }, [25, 25]],
    ['not at all where that is too long', { status: 429, retryAfter: '61', times: 9 }, []],
    ['by the problem document', { status: 503, body: { retryAfterSeconds: 3 }, times: 1 }, [3]],
    ['a second where none is said', { status: 503, retryAfter: '0', times: 1 }, [1]],
    ['not at all without a time', { status: 503, times: 1 }, []],
    ['not at all by a date', { status: 503, retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT', times: 1 }, []],
  ])('is waited for %s', async (_, refusal, waits) => {
    expect(await refusing(refusal, 'a GET')).toMatchObject({ waits, asked: waits.length + 1 });
  });

  it('is not waited for by whoever has no patience, nor once a pause is broken off', async () => {
    const refusal = { status: 503, retryAfter: '1', times: 9 };
    expect(await refusing(refusal, 'a GET', { maxSeconds: 0 })).toMatchObject({ asked: 1, failure: { status: 503 } });
    const stop = new Error('stopped');
    expect(await refusing(refusal, 'a GET', { pause: () => Promise.reject(stop) })).toMatchObject({ asked: 1, failure: stop });
  });
});
