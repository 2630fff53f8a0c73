import { z } from 'zod';
import { limits } from '../limits.ts';

/** A scalar or a list of texts: all that a column may hold, so that every store and every query can take it. */
export type FactValue = string | number | boolean | null | readonly string[];
export type FactRow = Readonly<Record<string, FactValue>>;

/**
 * One kind of fact an agent reports: the name of its collector, the columns whose values identify a row (the natural key),
 * and the schema of a row. A schema is never edited after a release; a new version stands beside it.
 */
export interface Fact<Row extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly version: number;
  readonly describes: string;
  /** Names of the columns that identify a row; empty for a fact with exactly one row. */
  readonly key: readonly (keyof z.infer<Row> & string)[];
  readonly row: Row;
}

export function defineFact<Row extends z.ZodObject>(fact: Fact<Row>): Fact<Row> {
  return fact;
}

/**
 * Text of a row: bounded, without control characters, which could rewrite a terminal that prints it, and without halves of
 * surrogate pairs, which no UTF-8 holds.
 */
export const text = z
  .string()
  .max(limits.rowTextChars)
  // oxlint-disable-next-line no-control-regex -- control characters are what this refuses
  .regex(/^[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]*$/u, 'must not contain control characters');

export const textList = z.array(text).max(1024);
