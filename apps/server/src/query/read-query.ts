import { type EntityName, type ParsedQuery, parseQuery, QueryError } from '@vedette/query';
import { ApiError } from '../http/api-error.ts';

/** The query of a request. Throws ApiError BAD_REQUEST that names the part which is wrong and where it stands. */
export function readQuery(text: string | undefined, about: EntityName, now: Date): ParsedQuery {
  if (text === undefined) return { query: null, asOf: null };
  return understand(text, () => parseQuery(text, about, now.getTime()));
}

/** What `parse` makes of a query. Throws ApiError BAD_REQUEST that names the part which is wrong and where it stands. */
export function understand<Parsed>(text: string, parse: () => Parsed): Parsed {
  if (text.includes('\0')) throw new ApiError('BAD_REQUEST', 'query: no text holds the character 0');
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { from, to, message } = error;
    const part = text.slice(from, to).trim();
    const where = part === '' ? `at character ${from + 1}` : `at character ${from + 1}, "${part.slice(0, 80)}"`;
    throw new ApiError('BAD_REQUEST', `query, ${where}: ${message}`, { cause: error });
  }
}
