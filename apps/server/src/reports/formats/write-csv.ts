import { stringify } from 'csv-stringify/sync';
import type { Cell, ReportDocument } from '../report-document.ts';

/** RFC 4180 with a heading, the main table alone. A cell that a spreadsheet would take for a formula gets an apostrophe in front. */
export async function* writeCsv({ tables }: ReportDocument): AsyncGenerator<string> {
  for (const { columns, rows, isMain } of tables) {
    if (!isMain) continue;
    yield line([columns.map(({ key }) => key)]);
    for await (const part of rows) if (part.length > 0) yield line(part);
  }
}

function line(rows: readonly (readonly Cell[])[]): string {
  return stringify(rows as Cell[][], { record_delimiter: 'windows', escape_formulas: true }); // it changes nothing
}
