import { type Endpoint, limits } from '@vedette/protocol';
import { z } from 'zod';
import { CsvAnswer, type CsvColumn, type CsvValue } from './csv.ts';

type Item = Readonly<Record<string, unknown>>;

/** What the schema of a list's query may hold: from where, and as what. */
type QueryShape = Readonly<Partial<Record<'format' | 'after' | 'offset', z.ZodType>>>;

/** What may be asked for in a list's address; empty for what takes no query. */
export function queryShape({ query }: Pick<Endpoint, 'query'>): QueryShape {
  return query instanceof z.ZodObject ? query.shape : {};
}

/**
 * A list whose columns nobody chose, as CSV: one for every scalar of an item, as its schema names them, and all the pages of it. By offset
 * where it has no cursors: then what comes or goes meanwhile may move a row out of sight, as it does for whoever turns the pages.
 */
export async function csvOfItems(
  endpoint: Endpoint,
  asked: Readonly<Record<string, unknown>>,
  ask: (query: unknown) => Promise<unknown>,
): Promise<CsvAnswer<Item>> {
  const shape = queryShape(endpoint);
  const load = async (after: string | undefined): Promise<{ items: Item[]; next: string | null }> => {
    const place = shape.after ? { after } : { offset: after };
    const query = { ...asked, after: undefined, offset: undefined, ...place, limit: limits.pageSize, format: 'csv' };
    const reply = asList(endpoint.reply.parse(await ask(endpoint.query.parse(query))));
    const isFull = reply.items.length === limits.pageSize;
    const next = shape.after ? reply.next : shape.offset && isFull ? Number(after ?? 0) + limits.pageSize : null;
    return { items: reply.items, next: next === null ? null : String(next) };
  };
  const first = await load(undefined);
  const columns = columnsOf(itemSchema(endpoint)) ?? columnsOfItems(first.items);
  const name = endpoint.path.split('/').at(-1) ?? 'list';
  return new CsvAnswer(name, columns, (after) => (after === undefined ? Promise.resolve(first) : load(after)));
}

/** What is counted comes in groups. */
function asList(reply: unknown): z.output<typeof Reply> {
  return Reply.parse(typeof reply === 'object' && reply && 'groups' in reply ? { ...reply, items: reply.groups } : reply);
}

const Reply = z.object({
  items: z.array(z.record(z.string(), z.unknown())),
  next: z.union([z.string(), z.number()]).nullable().default(null),
});

function itemSchema({ reply }: Endpoint): unknown {
  const shape = reply instanceof z.ZodObject ? (reply.shape as Record<string, unknown>) : {};
  const items = shape['items'] ?? shape['groups'];
  return items instanceof z.ZodArray ? items.element : null;
}

/** Null for what is no object of known parts. */
function columnsOf(schema: unknown): CsvColumn<Item>[] | null {
  const bare = unwrapped(schema);
  if (!(bare instanceof z.ZodObject)) return null;
  return Object.entries(bare.shape as Record<string, unknown>).flatMap(([key, part]): CsvColumn<Item>[] => {
    const own = columnsOf(part);
    if (!own) return [[titled(key), (item) => cell(item[key])]];
    return own.map(([header, value]) => [`${titled(key)} ${header.toLowerCase()}`, (item) => value(partOf(item[key]))]);
  });
}

function partOf(value: unknown): Item {
  return typeof value === 'object' && value !== null ? (value as Item) : {}; // its parts are looked at one by one
}

function unwrapped(schema: unknown): unknown {
  const isWrapped = schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  return isWrapped ? unwrapped(schema.unwrap()) : schema;
}

/** Rows of many kinds say themselves what they hold. */
function columnsOfItems(items: readonly Item[]): CsvColumn<Item>[] {
  const keys = new Set(items.flatMap((item) => Object.keys(item)));
  return [...keys].map((key) => [titled(key), (item) => cell(item[key])]);
}

/** `createdAt` is "Created at". */
function titled(key: string): string {
  const words = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Words and numbers side by side; whatever else has parts as JSON. */
function cell(value: unknown): CsvValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  const isPlain = Array.isArray(value) && value.every((one) => typeof one === 'string' || typeof one === 'number');
  return isPlain ? value.join(' ') : JSON.stringify(value);
}
