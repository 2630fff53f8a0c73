import { z } from 'zod';
import { limits } from '../limits.ts';

/** Query of every list: how many, and from where. */
export const Page = z.object({
  limit: z.coerce.number().int().min(1).max(limits.pageSize).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

/** What is wanted, in the query language: docs/query-language.md. Its length is limited again where it is read. */
export const QueryText = z.string().max(4096).optional().meta({ description: 'In the query language' });

/** Reply of every list: one page, and how many there are in all. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ total: z.int().min(0), items: z.array(item) });
}
