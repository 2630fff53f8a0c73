import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getSession } from '@vedette/protocol';
import { afterEach, expect, it } from 'vitest';
import { connect } from './connect.ts';

let server: Server | null = null;
afterEach(() => server?.close());

async function clientOf(answer: RequestListener, scheme = 'http') {
  server = createServer(answer);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return connect(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, { token: 'vdt_x' });
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
  const client = await clientOf((_, response) => response.end(), 'https');
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
