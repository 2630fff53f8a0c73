import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { eventually } from '@vedette/testkit';
import fc from 'fast-check';
import { fastify } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { CsvAnswer, line } from './csv.ts';

const text = 'x'.repeat(500_000);
/** Pages of half a megabyte, one after the other, without end; `loads` says how many were asked for. */
function endless(): { answer: CsvAnswer<string>; loads: () => number } {
  let loads = 0;
  const answer = new CsvAnswer<string>('test', [['Text', (item) => item]], async () => {
    loads += 1;
    return { items: [text], next: `${loads}` };
  });
  return { answer, loads: () => loads };
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** As our server sends it. */
async function download(stream: Readable): Promise<IncomingMessage> {
  const app = fastify({ forceCloseConnections: true });
  cleanups.push(() => app.close());
  app.get('/', (_request, reply) => reply.send(stream));
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const [reply] = (await once(get(address), 'response')) as [IncomingMessage];
  return reply;
}

describe('a list as CSV', () => {
  it('is read one page ahead of whoever takes it, and no more', async () => {
    const { answer, loads } = endless();
    const parts = (await answer.stream())[Symbol.asyncIterator]();
    for (let taken = 1; taken <= 20; taken += 1) {
      await parts.next();
      // One in the stream's buffer, one that is written, one ahead.
      expect(loads() - taken).toBeLessThanOrEqual(3);
    }
    await parts.return?.();
  });

  it('waits for a client that does not read on, and ends with one that goes away', async () => {
    const { answer, loads } = endless();
    const stream = await answer.stream();
    const reply = await download(stream);
    await once(reply, 'readable');
    let before = 0;
    // What the sockets of both sides hold is soon full.
    await eventually('nothing more is read', 10_000, () => {
      const isStill = loads() === before;
      before = loads();
      return isStill || null;
    });
    expect(before).toBeLessThan(100);
    reply.destroy();
    await eventually('the stream has ended', 10_000, () => stream.destroyed || null);
    expect(loads() - before).toBeLessThanOrEqual(3);
  });

  it('breaks off where a later page cannot be read, so that nobody takes a part for the whole', async () => {
    let loads = 0;
    const answer = new CsvAnswer<number>('test', [['Number', (item) => item]], async () => {
      if ((loads += 1) > 2) throw new Error('gone');
      return { items: [loads], next: `${loads}` };
    });
    const stream = await answer.stream();
    await expect(stream.toArray()).rejects.toThrow('gone');
  });
});

describe('a line of CSV', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠x'])(
    'runs nothing for %j',
    (value) => {
      expect(line([value]).replace(/^"/, '')).toMatch(/^'/);
    },
  );

  it('gives back any text, but for the apostrophe', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2 }), (values) => {
        const read = parse(line(values));
        expect(read.map((value, index) => (values[index] === value ? value : value.slice(1)))).toEqual(values);
      }),
    );
  });
});

/** The fields of one record (RFC 4180). */
function parse(record: string): string[] {
  const body = `${record.slice(0, -2)},`;
  const found: string[] = [];
  for (let at = 0; at < body.length;) {
    const isQuoted = body[at] === '"';
    let end = isQuoted ? at + 1 : body.indexOf(',', at);
    while (isQuoted && (body[end] !== '"' || body[end + 1] === '"')) end += body[end] === '"' ? 2 : 1;
    found.push(isQuoted ? body.slice(at + 1, end).replaceAll('""', '"') : body.slice(at, end));
    at = end + (isQuoted ? 2 : 1);
  }
  return found;
}
