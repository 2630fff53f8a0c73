import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../api/connect.ts';
import { runProgram } from '../testing/run-program.ts';
import { allCommands } from './index.ts';

const commands = await allCommands();
const servers: { close(): void }[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

const none = {
  cause: null,
  collector: null,
  package: null,
  version: null,
  previous: null,
  check: null,
  name: null,
  severity: null,
};

function event(eventId: string, at: string, text: string) {
  return { ...none, eventId, at, kind: 'agent', status: 'enrolled', text, assetId: null, hostname: 'web\u001b[31m-01' };
}

/** A platform that gives these lists of events one after the other, and the last one again and again. */
async function platform(lists: readonly ReturnType<typeof event>[][]) {
  const asked: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://mock').searchParams);
    const items = lists[Math.min(asked.length, lists.length) - 1] ?? [];
    const range = { from: '2026-11-21T12:00:00.000Z', to: '2026-11-22T12:00:00.001Z' };
    const reply = { total: items.length, items, next: null, kinds: ['agent'], chart: null, isExact: true, ...range };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function run(url: string, words: readonly string[], stopped: AbortSignal, onWrite: (text: string) => void = () => {}) {
  const { printed } = await runProgram(commands, ['events', 'list', ...words], {
    client: () => connect(url, { token: 'token' }),
    write: async (text) => onWrite(text),
    stopped: () => stopped,
  });
  return printed;
}

const never = new AbortController().signal;
const [first, second, third] = [
  event('a', '2026-11-22T12:00:00.000Z', 'first'),
  event('b', '2026-11-22T12:00:00.000Z', 'second'),
  event('c', '2026-11-22T12:00:00.000Z', 'third'),
];

describe('events list', () => {
  it('shows each event in a line, without what would rewrite the terminal', async () => {
    const { url, asked } = await platform([[second, first]]);
    const printed = await run(url, ['--query', 'kind:agent', '--since', '24h'], never);
    expect(printed).toContain('2 in all');
    expect(printed.indexOf('second')).toBeLessThan(printed.indexOf('first'));
    expect(printed).not.toContain('\u001b');
    expect([asked[0]?.get('query'), asked[0]?.get('to'), asked[0]?.get('sort')]).toEqual(['kind:agent', null, null]);
    await run(url, ['--sort', 'severity', '--descending'], never);
    expect([asked[1]?.get('sort'), asked[1]?.get('direction')]).toEqual(['severity', 'descending']);
    const age = Date.now() - Date.parse(asked[0]?.get('from') ?? '');
    expect(Math.round(age / 3_600_000)).toBe(24);
  });

  it('takes moments as well as lengths of time, and refuses other words', async () => {
    const { url, asked } = await platform([[]]);
    await run(url, ['--since', '2026-11-01', '--until', '2026-11-02T10:00:00Z'], never);
    expect([asked[0]?.get('from'), asked[0]?.get('to')]).toEqual(['2026-11-01T00:00:00.000Z', '2026-11-02T10:00:00.000Z']);
    await expect(run(url, ['--since', 'yesterday'], never)).rejects.toThrow('not "yesterday"');
    await expect(run(url, ['--query', 'hostname:a'], never)).rejects.toThrow('no field');
    await expect(run(url, ['--follow', '--until', '1h'], never)).rejects.toThrow('does not end');
    await expect(run(url, ['--follow', '--sort', 'kind'], never)).rejects.toThrow('do not go with it');
    await expect(run(url, ['--sort', 'what'], never)).rejects.toThrow('--sort takes at, kind');
  });

  it('follows: each event once, the oldest first, until it is stopped', async () => {
    const { url, asked } = await platform([[], [second, first], [third, second]]);
    const stop = new AbortController();
    const written: string[] = [];
    await run(url, ['--follow', '-o', 'jsonl'], stop.signal, (text) => {
      written.push(text);
      if (written.length === 3) stop.abort();
    });
    expect(written.map((text) => (JSON.parse(text) as { eventId: string }).eventId)).toEqual(['a', 'b', 'c']);
    // From the platform's clock on, and then from a little before its last answer.
    expect(asked.slice(1).map((one) => one.get('from'))).toEqual(asked.slice(1).map(() => '2026-11-22T12:00:00.000Z'));
  });
});
