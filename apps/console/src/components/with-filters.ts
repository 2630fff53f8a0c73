/** A query and further terms that must hold, as one query. What was asked for as of a moment stays at the top, where it belongs. */
export function withFilters(query: string, terms: readonly string[]): string {
  if (query === '') return terms.join(' and ');
  if (terms.length === 0) return query;
  const moments = query.match(/\basOf:[^\s()]+/gi) ?? [];
  const rest = moments
    .reduce((text, moment) => text.replace(moment, ''), query)
    .replace(/^\s*and\b|\band\s*$/gi, '')
    .trim();
  return [...moments, ...(rest === '' ? [] : [`(${rest})`]), ...terms].join(' and ');
}
