import type { Cell, Column, ReportDocument, ReportTable } from '../report-document.ts';

/** One page without scripts and without anything from elsewhere; made to be printed, too. */
export async function* writeHtml(report: ReportDocument): AsyncGenerator<string> {
  const { title, facts, figures, tables } = report;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<dl>${facts.map(([label, value]) => `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>
`;
  if (figures.length > 0) {
    const items = figures.map(
      ({ label, value }) => `<li><b>${value === null ? '–' : show(value, 'number')}</b> ${escapeHtml(label)}</li>`,
    );
    yield `<ul class="figures">${items.join('')}</ul>\n`;
  }
  for (const table of tables) yield* writeTable(table);
  yield '</main>\n</body>\n</html>\n';
}

async function* writeTable({ heading, note, columns, rows, empty }: ReportTable): AsyncGenerator<string> {
  yield `<section>\n<h2>${escapeHtml(heading)}</h2>\n${note ? `<p>${escapeHtml(note)}</p>\n` : ''}`;
  let isBegun = false;
  for await (const part of rows) {
    if (part.length === 0) continue;
    if (!isBegun) yield beginning(heading, columns);
    isBegun = true;
    yield part.map((row) => `<tr>${columns.map((column, index) => cell(column, row[index] ?? null)).join('')}</tr>\n`).join('');
  }
  yield isBegun ? '</tbody>\n</table>\n</section>\n' : `<p>${escapeHtml(empty)}</p>\n</section>\n`;
}

function beginning(heading: string, columns: readonly Column[]): string {
  const heads = columns.map(
    ({ title, kind, width }) =>
      `<th scope="col"${kind === 'number' ? ' class="n"' : ''} style="min-width:${Math.round(width / 2)}ch">${escapeHtml(title)}</th>`,
  );
  return `<table aria-label="${escapeHtml(heading)}">\n<thead><tr>${heads.join('')}</tr></thead>\n<tbody>\n`;
}

function cell({ key, kind }: Column, value: Cell): string {
  const mark = key === 'severity' && typeof value === 'string' ? ` class="s ${value.replaceAll(/[^a-z]/g, '')}"` : '';
  return `<td${kind === 'number' ? ' class="n"' : mark}>${kind === 'text' ? fold(String(value ?? '')) : show(value, kind)}</td>`;
}

/** Of a list that is longer than this, the beginning is shown: an upgrade of a kernel may fix two thousand checks. */
const shownChars = 200;

/** What is behind the beginning comes to sight where somebody wants it, which takes no script; on paper it stays out. */
function fold(text: string): string {
  const end = text.length > shownChars ? text.lastIndexOf(', ', shownChars) : -1;
  if (end <= 0) return escapeHtml(text);
  const rest = text.slice(end + 2);
  const more = `${rest.split(', ').length} more`;
  return `<details><summary>${escapeHtml(text.slice(0, end))}, <u>and ${more}</u></summary>${escapeHtml(rest)}</details>`;
}

function show(value: Cell, kind: Column['kind']): string {
  if (value === null) return '';
  return escapeHtml(kind === 'moment' ? String(value).slice(0, 16).replace('T', ' ') : String(value));
}

const entities = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

/** Text for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities.get(character) ?? '');
}

const style = `
:root { color-scheme: light; font: 14px/1.45 system-ui, sans-serif; color: #16191f; }
body { margin: 0; background: #fff; } main { max-width: 80rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .75rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
dl { display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin: 0; } dt { color: #545b64; font-size: .85rem; } dd { margin: 0; }
.figures { display: flex; flex-wrap: wrap; gap: .75rem; list-style: none; padding: 0; }
.figures li { border: 1px solid #d5dbdb; border-radius: 6px; padding: .5rem .9rem; color: #545b64; }
.figures b { display: block; font-size: 1.4rem; color: #16191f; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .5rem; vertical-align: top; overflow-wrap: anywhere; }
th { border-bottom: 2px solid #16191f; white-space: nowrap; } td { border-bottom: 1px solid #eaeded; } .n { text-align: right; white-space: nowrap; } section { overflow-x: auto; }
.s { font-weight: 600; white-space: nowrap; } summary { list-style: none; cursor: pointer; } summary u { white-space: nowrap; } .critical { color: #870303; } .high { color: #a82a0c; } .medium { color: #8a5000; }
@media print { @page { size: A4 landscape; margin: 12mm; } main { max-width: none; padding: 0; } body { font-size: 9pt; } section { overflow: visible; }
 thead { display: table-header-group; } tr { break-inside: avoid; } h2 { break-after: avoid; } }
`;
