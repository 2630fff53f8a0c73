import { isRecord } from './is-record.ts';

/** RFC 4180, with a heading. A cell that a spreadsheet would take for a formula gets an apostrophe in front. */
export async function toCsv(rows: readonly unknown[]): Promise<string> {
  const columns = columnsIn(rows);
  return (await csvLines([columns])) + (await csvRows(rows, columns));
}

/** A column for every scalar of any row. */
export function columnsIn(rows: readonly unknown[]): string[] {
  return [...new Set(rows.flatMap((row) => flatten(row, '').map(([path]) => path)))];
}

/** The rows alone, for a heading that was written before. */
export async function csvRows(rows: readonly unknown[], columns: readonly string[]): Promise<string> {
  const known = new Set(columns);
  const cellsOf = (row: ReadonlyMap<string, string>): string[] => columns.map((column) => row.get(column) ?? '');
  return csvLines(rows.map((row) => cellsOf(new Map(flatten(row, '', known)))));
}

/** What writes CSV is loaded when it is asked for: most starts do without. */
export async function csvLines(lines: readonly (readonly string[])[]): Promise<string> {
  const { stringify } = await import('csv-stringify/sync');
  return stringify([...lines], { record_delimiter: 'windows', escape_formulas: true });
}

/** A value's scalars, and what is a column as a whole, by their path ("detections.critical"); lists of scalars are joined, other lists are JSON. */
function flatten(value: unknown, path: string, columns?: ReadonlySet<string>): [string, string][] {
  if (!isRecord(value) || columns?.has(path)) return [[path === '' ? 'value' : path, cell(value)]];
  return Object.entries(value).flatMap(([key, part]) => flatten(part, path === '' ? key : `${path}.${key}`, columns));
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (!Array.isArray(value)) return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number);
  return value.some((part) => typeof part === 'object') ? JSON.stringify(value) : value.join('; ');
}
