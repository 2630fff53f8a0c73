import { z } from 'zod';
import { limits } from '../limits.ts';

/** Query of a list that comes as a whole. */
export const WholeList = z.object({
  format: z
    .enum(['json', 'csv'])
    .optional()
    .meta({ description: 'csv: the whole list, as the header Accept: text/csv asks for it' }),
});

/** Query of every list that has pages: how many, and from where; as CSV the whole of it, whatever the limit. */
export const Page = WholeList.extend({
  limit: z.coerce.number().int().min(1).max(limits.pageSize).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

/** What is wanted, in the query language: docs/query-language.md. Its length is limited again where it is read. */
export const QueryText = z.string().max(4096).optional().meta({ description: 'In the query language' });

/** Where the next page begins. Of a list that changes while it is read: whoever follows sees once whatever is there all the time. */
export const Cursor = z.string().min(1).max(1000);

export const SortDirection = z.enum(['ascending', 'descending']);
export type SortDirection = z.infer<typeof SortDirection>;

/** Query of a list that is read by cursor. */
export const CursorPage = Page.extend({
  after: Cursor.optional().meta({ description: '`next` of the page before; `offset` counts from there' }),
});

/** Of a list that can be had in several orders. Figures and moments: the highest and newest first. */
export function sortedBy<Sorting extends z.ZodType>(sort: Sorting) {
  return { sort, direction: SortDirection.default('ascending').meta({ description: 'descending turns the list round' }) };
}

/** Query of a list that is short for nearly everybody: the whole of it, or pages by cursor where a limit asks for them. */
export const WholeOrPage = WholeList.extend({
  limit: z.coerce.number().int().min(1).max(limits.pageSize).optional().meta({ description: 'All when left out' }),
  after: Cursor.optional().meta({ description: '`next` of the page before' }),
});

/** Reply of a list that is read by cursor. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return pageOf(item).extend({ next: Cursor.nullable().meta({ description: '`after` of the next page; null on the last one' }) });
}

/** Reply of every list: one page, and how many there are in all. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ total: z.int().min(0), items: z.array(item) });
}
