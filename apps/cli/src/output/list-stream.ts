import type { z } from 'zod';
import { columnsIn, csvLines, csvRows } from './csv.ts';
import type { OutputFormat } from './render.ts';

interface Page {
  readonly items: readonly unknown[];
  /** Null on the last one. */
  readonly next: string | null;
}

/**
 * A list on standard output, page by page as it comes: a fleet has more detections than fit into memory, and whoever reads them may have
 * seen enough. The bytes are those that `render` makes of the whole, but that CSV has a column for all that an item can have, since no page
 * knows what those behind it hold. What stands before the items is of the first page, what stands behind them of the last: a list that breaks
 * off is no whole JSON.
 */
export interface ListStream {
  /** Whether anything is written: then the rest is, too, and nothing is left to print. */
  readonly hasBegun: boolean;
  write(page: Page, item: z.ZodType): Promise<void>;
}

/** A form in three parts. */
interface Form {
  begin(page: Page, item: z.ZodType): Promise<string>;
  items(items: readonly unknown[]): Promise<string>;
  end(page: Page): Promise<string>;
}

const forms: Record<Exclude<OutputFormat, 'table'>, () => Form> = {
  json: jsonForm,
  jsonl: jsonlForm,
  yaml: yamlForm,
  csv: csvForm,
};

/** Null for a table: how wide its columns are is known when the last row is. */
export function listStream(format: OutputFormat, write: (text: string) => Promise<void>): ListStream | null {
  if (format === 'table') return null;
  const form = forms[format]();
  let hasBegun = false;
  return {
    get hasBegun() {
      return hasBegun;
    },
    async write(page, item) {
      // An empty list has a form of its own, so that it begins with an item.
      if (page.items.length > 0) {
        const head = hasBegun ? '' : await form.begin(page, item);
        const text = head + (await form.items(page.items));
        hasBegun = true;
        await write(text);
      }
      if (hasBegun && page.next === null) await write(await form.end(page));
    },
  };
}

function jsonlForm(): Form {
  return { begin: async () => '', items: async (items) => jsonLines(items), end: async () => '' };
}

/** A line for each. */
export function jsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function jsonForm(): Form {
  const write = (value: object): string => JSON.stringify(value, null, 2);
  let separator = '';
  return {
    begin: async (page) => `${write({ ...around(page).before, items: [] }).slice(0, -']\n}'.length)}\n`,
    async items(items) {
      const text = separator + write({ items }).slice('{\n  "items": [\n'.length, -'\n  ]\n}'.length);
      separator = ',\n';
      return text;
    },
    end: async (page) => `\n  ]${write({ items: [], ...around(page).after }).slice('{\n  "items": []'.length)}\n`,
  };
}

function yamlForm(): Form {
  const write = async (value: object): Promise<string> => (await import('yaml')).stringify(value, { lineWidth: 0 });
  return {
    begin: async (page) => (await write({ ...around(page).before, items: [] })).slice(0, -' []\n'.length) + '\n',
    items: async (items) => (await write({ items })).slice('items:\n'.length),
    end: async (page) => write(around(page).after),
  };
}

function csvForm(): Form {
  let columns: readonly string[] = [];
  return {
    async begin({ items }, item) {
      // Brings zod along, which no start without CSV needs here.
      const { columnsOf } = await import('./columns-of.ts');
      // Facts of one collector have the same columns in every row.
      columns = columnsOf(item) ?? columnsIn(items);
      return csvLines([columns]);
    },
    items: (items) => csvRows(items, columns),
    end: async () => '',
  };
}

/** What a reply says before its items, and behind them. */
function around(page: Page): { readonly before: object; readonly after: object } {
  const entries = Object.entries(page);
  const at = entries.findIndex(([key]) => key === 'items');
  return { before: Object.fromEntries(entries.slice(0, at)), after: Object.fromEntries(entries.slice(at + 1)) };
}
