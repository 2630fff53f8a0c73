import { z } from 'zod';

/** The columns that items of a list can have, whatever those at hand do have. What has any keys at all is one, of JSON. */
export function columnsOf(item: z.ZodType, path = ''): string[] {
  if (item instanceof z.ZodNullable || item instanceof z.ZodOptional || item instanceof z.ZodDefault)
    return columnsOf(item.unwrap() as z.ZodType, path); // of our schemas
  if (!(item instanceof z.ZodObject)) return [path === '' ? 'value' : path];
  return Object.entries(item.shape).flatMap(([key, part]) => columnsOf(part as z.ZodType, path === '' ? key : `${path}.${key}`)); // likewise
}
