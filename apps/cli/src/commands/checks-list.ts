import { CheckSorting, listChecks, severityNames } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { cursorOptions, listEnd, queryText, readList, sorting, sortOptions, text } from './list-options.ts';

export const checksList: Command = {
  name: 'checks list',
  summary: 'List checks of the knowledge base, worst first.',
  options: [
    ['--query <query>', 'in the query language: docs/query-language.md'],
    ['--search <text>', 'part of a CVE, advisory or source package name'],
    ...sortOptions(CheckSorting.options),
    ['--as-of <time>', 'the knowledge base as it was at this moment'],
    ...cursorOptions,
  ],
  example: `vedette checks list --query 'kev:true and assets:>0' --all`,
  async run(surroundings, _, options) {
    const filter = {
      query: queryText(options['query'], 'check'),
      search: text(options['search']),
      ...sorting(options, CheckSorting.options),
      asOf: text(options['asOf']),
    };
    const data = await readList(surroundings, options, listChecks, { query: filter });
    const rows = data.items.map((check) => [
      check.number,
      check.name,
      severityNames[check.severity],
      check.openAssets,
      check.cvssScore,
      check.epss?.score ?? null,
      check.kevSince,
      check.published,
    ]);
    const heading = ['check', 'name', 'severity', 'open on', 'cvss', 'epss', 'exploited since', 'published'];
    return { data, text: `${table(heading, rows)}\n${listEnd(data)}` };
  },
};
