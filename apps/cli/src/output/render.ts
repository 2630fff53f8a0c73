import { CliError } from '../errors.ts';

export const outputFormats = ['table', 'json', 'jsonl', 'yaml', 'csv'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** The format that options and environment ask for: --json, else --output, else VEDETTE_OUTPUT. Throws CliError USAGE for another word. */
export function outputFormat(options: { json?: unknown; output?: unknown }, fromEnvironment: string | undefined): OutputFormat {
  if (options.json === true) return 'json';
  const wanted = typeof options.output === 'string' ? options.output : fromEnvironment || 'table';
  const format = outputFormats.find((one) => one === wanted);
  if (!format) throw new CliError('USAGE', `--output takes ${outputFormats.join(', ')}, not "${wanted}"`);
  return format;
}

/**
 * One reply as text that ends with a line end. jsonl and csv have a line per item of a list, and one for a reply that is no list. What
 * writes YAML and CSV is loaded when it is asked for: most starts do without.
 */
export async function render({ data, text }: { data: unknown; text: string }, format: OutputFormat): Promise<string> {
  switch (format) {
    case 'table':
      return `${text}\n`;
    case 'json':
      return `${JSON.stringify(data, null, 2)}\n`;
    case 'jsonl':
      return jsonLines(rowsOf(data));
    case 'yaml':
      return (await import('yaml')).stringify(data, { lineWidth: 0 });
    case 'csv':
      return toCsv(rowsOf(data));
  }
}

/** A line for each. */
export function jsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function rowsOf(data: unknown): readonly unknown[] {
  if (Array.isArray(data)) return data;
  if (isRecord(data) && Array.isArray(data['items'])) return data['items'];
  return [data];
}

/** RFC 4180, with a heading. A cell that a spreadsheet would take for a formula gets an apostrophe in front. */
async function toCsv(rows: readonly unknown[]): Promise<string> {
  const { stringify } = await import('csv-stringify/sync');
  const flat = rows.map((row) => new Map(flatten(row, '')));
  const columns = [...new Set(flat.flatMap((row) => [...row.keys()]))];
  const cells = flat.map((row) => columns.map((column) => row.get(column) ?? ''));
  return stringify([columns, ...cells], { record_delimiter: 'windows', escape_formulas: true });
}

/** A value's scalars by their path ("detections.critical"); lists of scalars are joined, other lists are JSON. */
function flatten(value: unknown, path: string): [string, string][] {
  if (isRecord(value)) return Object.entries(value).flatMap(([key, part]) => flatten(part, path === '' ? key : `${path}.${key}`));
  return [[path === '' ? 'value' : path, cell(value)]];
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (!Array.isArray(value)) return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number);
  return value.some((part) => typeof part === 'object') ? JSON.stringify(value) : value.join('; ');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
