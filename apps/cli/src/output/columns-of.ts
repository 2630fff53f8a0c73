import { z } from 'zod';

/** The columns that items of a list can have, whatever those at hand do have; what has any keys at all is one. Null for items of that kind. */
export function columnsOf(item: z.ZodType): string[] | null {
  return item instanceof z.ZodObject ? columnsIn(item, '') : null;
}

function columnsIn(part: z.ZodType, path: string): string[] {
  if (part instanceof z.ZodNullable || part instanceof z.ZodOptional || part instanceof z.ZodDefault)
    return columnsIn(part.unwrap() as z.ZodType, path); // of our schemas
  if (!(part instanceof z.ZodObject)) return [path];
  return Object.entries(part.shape).flatMap(([key, inner]) =>
    columnsIn(inner as z.ZodType, path === '' ? key : `${path}.${key}`),
  ); // likewise
}
