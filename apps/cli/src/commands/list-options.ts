import type { Endpoint } from '@vedette/protocol';
import { type EntityName, parseQuery, pointAt, QueryError } from '@vedette/query';
import type { z } from 'zod';
import { CliError } from '../errors.ts';
import type { Surroundings } from './command.ts';

/** Options of lists that are read by offset. */
export const pageOptions = [
  ['--limit <n>', 'at most this many (default 100, at most 500)'],
  ['--offset <n>', 'skip this many'],
] as const;

export function page(options: Options): { limit?: number | undefined; offset?: number | undefined } {
  return { limit: wholeNumber('--limit', options['limit']), offset: wholeNumber('--offset', options['offset']) };
}

/** Options of lists that are read by cursor. */
export const cursorOptions = [
  ['--limit <n>', 'at most this many (default 100, at most 500)'],
  ['--all', 'all of them, page by page'],
  ['--after <cursor>', 'what comes behind the page that ended with this `next`'],
] as const;

/** Of lists that were read by offset before they had cursors. */
export const offsetOption = [
  '--offset <n>',
  'skip this many; what comes or goes between two pages moves the others: --after does better',
] as const;

/** In which orders a list comes: the names that its operation takes, the first of them where none is said, and what more there is to say. */
export function sortOptions([standard, ...others]: readonly string[], more = ''): readonly (readonly [string, string])[] {
  return [
    ['--sort <field>', `${[`${standard} (default)`, ...others.slice(0, -1)].join(', ')} or ${others.at(-1)}${more}`],
    ['--descending', 'the other way round'],
  ];
}

/** What they say; undefined where they say nothing. `names`: as in sortOptions. Throws CliError USAGE for another one. */
export function sorting<Name extends string>(
  options: Options,
  names: readonly Name[],
): { sort: Name | undefined; direction: 'descending' | undefined } {
  const wanted = text(options['sort']);
  const sort = names.find((name) => name === wanted);
  if (wanted !== undefined && sort === undefined)
    throw new CliError('USAGE', `--sort takes ${names.join(', ')}, not "${wanted}"`);
  return { sort, direction: options['descending'] === true ? 'descending' : undefined };
}

type Options = Readonly<Record<string, string | true | undefined>>;

interface ListPage<Item> {
  readonly total: number;
  readonly items: Item[];
  readonly next: string | null;
}

/** A list that is read by cursor. */
type List = Endpoint<z.ZodType, z.ZodType, z.ZodUndefined, z.ZodObject<{ items: z.ZodArray }>> & {
  readonly reply: z.ZodType<ListPage<unknown>>;
};
interface ListInput<E extends List> {
  readonly params?: E['params']['_zod']['input'];
  readonly query: Omit<NonNullable<E['query']['_zod']['input']>, 'limit' | 'after'>;
}

/** One page of a list or, with --all, the whole of it: written as it comes where it is longer than a page and the output takes that. */
export async function readList<E extends List>(
  { client, list }: Pick<Surroundings, 'client' | 'list'>,
  options: Options,
  endpoint: E,
  { params, query }: ListInput<E>,
): Promise<E['reply']['_zod']['output']> {
  const load = (page: object) => client().call(endpoint as List, { params, query: { ...page, ...query } } as never); // its own, see ListInput
  if (!list) return readPages(options, load);
  return readPages(options, async (page) => {
    const reply = await load(page);
    if (options['all'] !== true || (reply.next === null && !list.hasBegun)) return reply;
    await list.write(reply, endpoint.reply.shape.items.element as z.ZodType); // of our schemas
    return list.hasBegun ? { ...reply, items: [] } : reply;
  });
}

/** Largest page that the platform gives. */
const wholePage = 500;

/** One page, or with --all the items of every page, of a list that is read by cursor. */
export async function readPages<Item, Page extends ListPage<Item>>(
  options: Options,
  load: (page: { readonly limit?: number | undefined; readonly after?: string | undefined }) => Promise<Page & ListPage<Item>>,
): Promise<Page & ListPage<Item>> {
  const after = text(options['after']);
  if (options['all'] !== true) return load({ limit: wholeNumber('--limit', options['limit']), after });
  for (const name of ['limit', 'offset'])
    if (options[name] !== undefined) throw new CliError('USAGE', `--all and --${name} exclude each other`);
  const items: Item[] = [];
  for (let next = after; ;) {
    const page = await load({ limit: wholePage, after: next });
    items.push(...page.items);
    if (page.next === null) return { ...page, items };
    next = page.next;
  }
}

/** The line below a list that tells how many there are, and how to go on. */
export function listEnd({ total, items, next }: ListPage<unknown>): string {
  const shown = items.length === total ? `${total} in all` : `${items.length} of ${total}`;
  return next === null ? shown : `${shown}; go on with --after ${next}, or ask for --all`;
}

/** Throws CliError USAGE for anything but digits. */
export function wholeNumber(name: string, value: string | true | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (value === true || !/^\d{1,10}$/.test(value)) throw new CliError('USAGE', `${name} takes a whole number, not "${value}"`);
  return Number(value);
}

export function text(value: string | true | undefined): string | undefined {
  return value === true ? undefined : value;
}

/** A query as it goes to the platform; a wrong one is refused here, with a line under the part that is wrong. Throws CliError USAGE. */
export function queryText(value: string | true | undefined, about: EntityName): string | undefined {
  const query = text(value);
  if (query === undefined) return undefined;
  try {
    parseQuery(query, about, Date.now());
  } catch (error) {
    if (error instanceof QueryError)
      throw new CliError('USAGE', `--query cannot be understood\n\n${pointAt(query, error)}`, { cause: error });
    throw error;
  }
  return query;
}
