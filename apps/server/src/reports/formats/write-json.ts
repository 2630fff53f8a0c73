import type { Cell, Column, ReportDocument } from '../report-document.ts';

/** One JSON document, a row on each line. */
export async function* writeJson({ title, asOf, facts, figures, tables }: ReportDocument): AsyncGenerator<string> {
  const head = { title, asOf: asOf.toISOString(), about: Object.fromEntries(facts), figures };
  yield `${JSON.stringify(head, null, 1).slice(0, -2)},\n "tables": [`;
  let separator = '';
  for (const { heading, note = null, columns, rows } of tables) {
    const described = columns.map(({ key, title: label, kind }) => ({ key, title: label, kind }));
    yield `${separator}\n  {"heading": ${JSON.stringify(heading)}, "note": ${JSON.stringify(note)},\n   "columns": ${JSON.stringify(described)},\n   "rows": [`;
    separator = ',';
    let comma = '';
    for await (const part of rows) {
      if (part.length === 0) continue;
      yield comma + part.map((row) => `\n    ${toObject(columns, row)}`).join(',');
      comma = ',';
    }
    yield '\n   ]}';
  }
  yield '\n ]\n}\n';
}

function toObject(columns: readonly Column[], row: readonly Cell[]): string {
  return JSON.stringify(Object.fromEntries(columns.map(({ key }, index) => [key, row[index] ?? null])));
}
