import { SoftwareSorting, listSoftware } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { cursorOptions, listEnd, queryText, readList, sorting, sortOptions, text } from './list-options.ts';

export const softwareList: Command = {
  name: 'software list',
  summary: 'List installed package versions with the number of assets that have them: where is X?',
  options: [
    ['--query <query>', 'in the query language: docs/query-language.md'],
    ['--search <text>', 'part of a package or source name'],
    ...sortOptions(SoftwareSorting.options),
    ['--as-of <time>', 'what was installed at this moment of the past'],
    ...cursorOptions,
  ],
  example: `vedette software list --query 'name:openssl and version:<3.0.15'`,
  async run(surroundings, _, options) {
    const filter = {
      query: queryText(options['query'], 'software'),
      search: text(options['search']),
      ...sorting(options, SoftwareSorting.options),
      asOf: text(options['asOf']),
    };
    const data = await readList(surroundings, options, listSoftware, { query: filter });
    const rows = data.items.map((one) => [one.name, one.version, one.ecosystem, one.release, one.assets, one.detections]);
    const heading = ['package', 'version', 'ecosystem', 'release', 'assets', 'detections'];
    return { data, text: `${table(heading, rows)}\n${listEnd(data)}` };
  },
};
