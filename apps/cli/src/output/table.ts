import { printable } from './printable.ts';

/** Columns aligned with two spaces between them, headings in capitals; an empty list gives only the headings. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cells = [headings.map((heading) => heading.toUpperCase()), ...rows.map((row) => row.map(cell))];
  // Not by Math.max(...): a list may have more rows than a call takes arguments.
  const widths = headings.map((_, column) => cells.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0));
  return cells
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(value: string | number | null): string {
  return value === null || value === '' ? '-' : printable(String(value));
}
