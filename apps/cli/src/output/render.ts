import { CliError } from '../errors.ts';
import { toCsv } from './csv.ts';
import { isRecord } from './is-record.ts';
import { jsonLines } from './list-stream.ts';

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
 * writes YAML is loaded when it is asked for: most starts do without.
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

function rowsOf(data: unknown): readonly unknown[] {
  if (Array.isArray(data)) return data;
  if (isRecord(data) && Array.isArray(data['items'])) return data['items'];
  return [data];
}
