/** Statements of PostgreSQL stay small enough for their parameters to be built in memory. */
export function inParts<Item>(items: readonly Item[], size = 5000): Item[][] {
  const parts: Item[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
