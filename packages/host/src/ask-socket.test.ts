import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectors, runCollector } from '@vedette/collectors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeHost } from '@vedette/testkit';
import { askSocket } from './ask-socket.ts';

let directory = '';
let server: Server | null = null;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-socket-'));
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
  rmSync(directory, { recursive: true });
});

const path = (): string => join(directory, 'engine.sock');
const limit = { maxBytes: 10_000 };

async function listen(listener: RequestListener): Promise<void> {
  server = createServer(listener);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(path(), resolve);
  await promise;
}

describe('askSocket', () => {
  it('answers what a daemon says, and asks by GET', async () => {
    await listen((request, response) => response.end(`${request.method} ${request.url} ä`));
    expect(await askSocket(path(), '/containers/json?all=1', limit)).toBe('GET /containers/json?all=1 ä');
  });

  it('answers null where there is no socket, and where nobody listens any more', async () => {
    expect(await askSocket(path(), '/', limit)).toBeNull();
    const gone = createSocketServer().listen(path());
    writeFileSync(join(directory, 'file'), '');
    expect(await askSocket(join(directory, 'file'), '/', limit)).toBeNull();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    gone.close(resolve);
    await promise;
    expect(await askSocket(path(), '/', limit)).toBeNull();
  });

  it.each<[string, string, RequestListener]>([
    ['that refuses', 'IO', (_, response) => response.writeHead(500).end('{}')],
    ['that says too much', 'TOO_LARGE', (_, response) => response.end('x'.repeat(20_000))],
    ['that says too much without end', 'TOO_LARGE', (_, response) => void setInterval(() => response.write('x'.repeat(9000)), 1)],
    ['that hangs up', 'IO', (request) => request.socket.destroy()],
    ['that says nothing', 'IO', () => undefined],
  ])('reports a daemon %s as %s', async (_, code, listener) => {
    await listen(listener);
    await expect(askSocket(path(), '/', limit)).rejects.toMatchObject({ code, path: path() });
  });

  it('lets the collector of containers list those of an engine that keeps its files elsewhere', async () => {
    const asked: string[] = [];
    await listen((request, response) => {
      asked.push(String(request.url));
      const row = { Id: 'abc', Names: ['/web'], Image: 'nginx:1.27', ImageID: 'sha256:1', State: 'running' };
      response.end(
        JSON.stringify([{ ...row, Command: 'x hunter2', Labels: { key: 'hunter2' }, HostConfig: { NetworkMode: 'host' } }]),
      );
    });
    const host = {
      ...fakeHost({}),
      askSocket: (socket: string, at: string) =>
        socket.includes('docker') ? askSocket(path(), at, limit) : Promise.resolve(null),
    };
    const container = collectors.find(({ fact }) => fact.name === 'container');
    if (!container) throw new Error('there is no such collector');
    const run = await runCollector(container, host);
    expect(run).toMatchObject({ status: 'complete', rows: [{ engine: 'docker', id: 'abc', name: 'web', networkMode: 'host' }] });
    expect(JSON.stringify(run.rows)).not.toContain('hunter2');
    expect(asked).toEqual(['/containers/json?all=1&limit=1000']);
  });
});
