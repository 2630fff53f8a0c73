import { expect, it } from 'vitest';
import type { Cell, ReportDocument } from '../report-document.ts';
import { writeHtml } from './write-html.ts';

async function htmlOf(cell: Cell, figure: number | null = 1): Promise<string> {
  async function* rows() {
    yield [[cell]];
  }
  const columns = [{ key: 'checks', title: 'Which', kind: 'text' as const, width: 28 }];
  const report: ReportDocument = {
    title: 'Fix list',
    asOf: new Date('2026-11-20T00:00:00Z'),
    facts: [],
    figures: [{ label: 'mean days to fix', value: figure }],
    tables: [{ heading: 'Upgrades', columns, rows: rows(), isMain: true, empty: '' }],
  };
  let html = '';
  for await (const part of writeHtml(report)) html += part;
  return html;
}

it('shows the beginning of a long list, and holds the rest without a script', async () => {
  const names = Array.from({ length: 1588 }, (_, index) => `CVE-2026-${10_000 + index}`);
  const [, shown = '', hidden = ''] = /<summary>(.*?)<\/summary>(.*?)<\/details>/.exec(await htmlOf(names.join(', '))) ?? [];
  const more = Number(/, <u>and (\d+) more<\/u>$/.exec(shown)?.[1]);
  expect(shown.length).toBeLessThan(250);
  expect([...shown.replace(/, <u>.*/, '').split(', '), ...hidden.split(', ')]).toEqual(names);
  expect(hidden.split(', ')).toHaveLength(more);
});

it('shows one long text as it is, and what is hostile as text, also where it is folded', async () => {
  expect(await htmlOf('x'.repeat(500))).toContain(`<td>${'x'.repeat(500)}</td>`);
  const html = await htmlOf(`${'<b>"&, '.repeat(100)}</summary><script>`);
  expect(html).not.toMatch(/<b>"|<script/);
  expect(html).toContain('&lt;/summary&gt;&lt;script&gt;</details>');
});

it('marks a figure that there is none of', async () => {
  expect(await htmlOf('', null)).toContain('<b>–</b> mean days to fix');
});
