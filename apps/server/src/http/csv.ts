import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';

export type CsvValue = string | number | boolean | null | undefined;

/** A column of a list as CSV. */
export type CsvColumn<Item> = readonly [header: string, value: (item: Item) => CsvValue];

interface ListPage<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** So many rows are in memory at a time. */
export const csvPageSize = 2000;

/** An answer that is the whole of a list, page by page, as fast as it is taken. */
export class CsvAnswer<Item> {
  readonly #columns: readonly CsvColumn<Item>[];
  readonly #load: (after: string | undefined) => Promise<ListPage<Item>>;
  /** Pages are read when the client takes them, but as the one who asked: within the asset scope of the request. */
  readonly #asAsked = AsyncLocalStorage.snapshot();
  readonly name: string;

  constructor(name: string, columns: readonly CsvColumn<Item>[], load: (after: string | undefined) => Promise<ListPage<Item>>) {
    this.name = name;
    this.#columns = columns;
    this.#load = load;
  }

  /** The first page is there before the answer begins: what is wrong with the question is still said with a status. */
  async stream(): Promise<Readable> {
    const first = await this.#page(undefined);
    return Readable.from(this.#parts(first), { objectMode: false });
  }

  #page(after: string | undefined): Promise<ListPage<Item>> {
    return this.#asAsked(() => this.#load(after));
  }

  async *#parts(first: ListPage<Item>): AsyncGenerator<string> {
    // Without a byte order mark spreadsheets take UTF-8 for something else.
    yield `\uFEFF${line(this.#columns.map(([header]) => header))}`;
    for (let page = first; ;) {
      // One page ahead, and no more: the database looks for it while this one is written and taken.
      const following = page.next === null ? null : this.#page(page.next);
      following?.catch(() => undefined); // heard of below, unless the client has gone
      yield page.items.map((item) => line(this.#columns.map(([, value]) => value(item)))).join('');
      if (!following) return;
      page = await following;
    }
  }
}

/**
 * A line of CSV (RFC 4180). A text that a spreadsheet would run as a formula gets an apostrophe in front: package and host names come
 * from machines that are not trusted.
 */
export function line(values: readonly CsvValue[]): string {
  return `${values.map(field).join(',')}\r\n`;
}

function field(value: CsvValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const guarded = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
