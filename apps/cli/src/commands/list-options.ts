import { type EntityName, parseQuery, pointAt, QueryError } from '@vedette/query';
import { CliError } from '../errors.ts';

/** Options of every command that lists. */
export const pageOptions = [
  ['--limit <n>', 'at most this many (default 100, at most 500)'],
  ['--offset <n>', 'skip this many'],
] as const;

export function page(options: Readonly<Record<string, string | true | undefined>>): { limit?: number; offset?: number } {
  return { limit: wholeNumber('--limit', options['limit']), offset: wholeNumber('--offset', options['offset']) };
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
