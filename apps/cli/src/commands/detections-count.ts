import { countDetections, DetectionGrouping, DetectionGroupSorting } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { cursorOptions, listEnd, queryText, readPages, sorting, sortOptions, text } from './list-options.ts';

export const detectionsCount: Command = {
  name: 'detections count',
  summary: 'Count detections by what they have in common, most first.',
  options: [
    ['--by <grouping>', `${DetectionGrouping.options.join(', ')} (default severity)`],
    ['--status <status>', 'open (default), new, active, reopened, fixed or all'],
    ['--query <query>', 'in the query language: docs/query-language.md'],
    ['--search <text>', 'part of a package, source or CVE name'],
    ['--as-of <time>', 'the count at this moment of the past'],
    ['--label <text>', 'only groups with this in their label'],
    ...sortOptions(DetectionGroupSorting.options),
    ...cursorOptions,
  ],
  example: 'vedette detections count --by package --limit 10',
  async run({ client }, _, options) {
    const groupBy = DetectionGrouping.safeParse(text(options['by']) ?? 'severity');
    if (!groupBy.success) throw new CliError('USAGE', `--by takes ${DetectionGrouping.options.join(', ')}`);
    const filter = {
      groupBy: groupBy.data,
      status: text(options['status']) as 'open' | undefined, // the server names the words it accepts
      query: queryText(options['query'], 'detection'),
      search: text(options['search']),
      label: text(options['label']),
      ...sorting(options, DetectionGroupSorting.options),
      asOf: text(options['asOf']),
    };
    const { items: groups, ...counted } = await readPages(options, async (page) => {
      const { groups: items, ...reply } = await client().call(countDetections, { query: { ...page, ...filter } });
      return { ...reply, items };
    });
    const data = { ...counted, groups };
    const rows = groups.map(({ label, detections, assets }) => [label, detections, assets]);
    const end = `${data.detections} detections in ${data.total} groups; ${listEnd({ ...data, items: groups })}`;
    return { data, text: `${table([groupBy.data, 'detections', 'assets'], rows)}\n${end}` };
  },
};
