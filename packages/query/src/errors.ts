export type QueryErrorCode = 'syntax' | 'unknown-field' | 'bad-value' | 'bad-operator' | 'misplaced' | 'too-large';

/** A query that cannot be understood. `from` and `to` are positions in its text, in UTF-16 units, for marking the part that is wrong. */
export class QueryError extends Error {
  readonly code: QueryErrorCode;
  readonly from: number;
  readonly to: number;

  constructor(code: QueryErrorCode, message: string, { from, to }: Span) {
    super(message);
    this.name = 'QueryError';
    this.code = code;
    this.from = from;
    this.to = to;
  }
}

/** A part of a query's text: from this position up to, not including, that one. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The error for people at a terminal: the text, a caret line under the part that is wrong, and the reason. */
export function pointAt(text: string, { message, from, to }: QueryError): string {
  return `${text}\n${' '.repeat(from)}${'^'.repeat(Math.max(1, to - from))}\n${message}`;
}
