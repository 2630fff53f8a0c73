import { listAssets, listDetections, listFacts } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readList } from '../commands/list-options.ts';
import { columnsOf } from './columns-of.ts';
import { listStream } from './list-stream.ts';
import { outputFormats, type OutputFormat, render } from './render.ts';

const streamed = outputFormats.filter((format) => format !== 'table');
const Item = z.object({
  name: z.string(),
  open: z.object({ high: z.int() }),
  tags: z.array(z.string()),
  seen: z.string().nullable(),
});
type Item = z.infer<typeof Item>;
interface Page {
  readonly total: number;
  readonly items: readonly Item[];
  readonly next: string | null;
  readonly kinds: readonly string[];
}

function itemOf(index: number): Item {
  return {
    name: `=x${index} "q"\n: #${index}`,
    open: { high: index },
    tags: index % 2 ? [] : ['a', 'b'],
    seen: index % 3 ? null : '-',
  };
}

/** Pages of these lengths, the last of which says so. */
function pagesOf(lengths: readonly number[]): Page[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  let from = 0;
  return lengths.map((length, index) => {
    const items = Array.from({ length }, (_, offset) => itemOf(from + offset));
    from += length;
    return { total, items, next: index + 1 < lengths.length ? `${from}` : null, kinds: ['x'] };
  });
}

async function written(format: OutputFormat, pages: readonly Page[]): Promise<string> {
  let text = '';
  const stream = listStream(format, async (part) => void (text += part));
  for (const page of pages) await stream?.write(page, Item);
  return text;
}

describe.each(streamed)('a list as %s', (format) => {
  it.each([[[1]], [[3]], [[2, 1]], [[2, 0, 3]], [[0, 2]], [[1, 1, 1, 0]]])(
    'in pages of %j has the bytes of the whole',
    async (lengths) => {
      const pages = pagesOf(lengths);
      const whole = { ...pages.at(-1), items: pages.flatMap(({ items }) => items) };
      expect(await written(format, pages)).toBe(await render({ data: whole, text: '' }, format));
    },
  );

  it('begins before the last page is asked for, and goes on as far as it is read', async () => {
    const parts: string[] = [];
    const list = listStream(format, (text) => {
      parts.push(text);
      return parts.length < 3 ? Promise.resolve() : Promise.reject(new Error('nobody reads any more'));
    });
    const seen: number[] = [];
    const client = { call: async () => ({ total: 9000, items: [itemOf(seen.push(parts.length))], next: 'more' }) };
    const reading = readList({ client: () => client as never, list }, { all: true }, listAssets, { query: {} });
    await expect(reading).rejects.toThrow('nobody reads');
    // Of each page, how much was written when it was asked for.
    expect(seen).toEqual([0, 1, 2]);
  });

  it('of one page is left to be printed as any reply', async () => {
    const [page] = pagesOf([2]);
    const list = listStream(format, () => Promise.reject(new Error('too early')));
    const client = { call: async () => page };
    expect(await readList({ client: () => client as never, list }, { all: true }, listAssets, { query: {} })).toEqual(page);
    expect(list?.hasBegun).toBe(false);
  });
});

it('is no JSON where it breaks off', async () => {
  const text = await written('json', pagesOf([2, 2, 1]).slice(0, 2));
  expect(text.trimEnd().endsWith('}')).toBe(true);
  expect(() => JSON.parse(text)).toThrow('JSON');
});

it('has a column in CSV for what only a later item has', async () => {
  const columns = columnsOf(listDetections.reply.shape.items.element);
  expect(columns).toEqual(expect.arrayContaining(['severity', 'packages', 'exception.status', 'exception.expiresAt']));
  const Status = z.object({ status: z.string() }).nullable();
  const Some = z.object({ name: z.string(), exception: Status, notes: z.record(z.string(), z.string()) });
  expect(columnsOf(listFacts.reply.shape.items.element)).toBeNull();
  let text = '';
  const stream = listStream('csv', async (part) => void (text += part));
  await stream?.write({ items: [{ name: 'a', exception: null, notes: {} }], next: '1' }, Some);
  await stream?.write({ items: [{ name: 'b', exception: { status: '=x' }, notes: { why: '1' } }], next: null }, Some);
  expect(text).toBe(`name,exception.status,notes\r\na,,{}\r\nb,'=x,"{""why"":""1""}"\r\n`);
});
