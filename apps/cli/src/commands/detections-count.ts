import { countDetections, DetectionGrouping } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { text, wholeNumber } from './list-options.ts';

export const detectionsCount: Command = {
  name: 'detections count',
  summary: 'Count detections by what they have in common, most first.',
  options: [
    ['--by <grouping>', `${DetectionGrouping.options.join(', ')} (default severity)`],
    ['--status <status>', 'open (default), new, active, reopened, fixed or all'],
    ['--search <text>', 'part of a package, source or CVE name'],
    ['--as-of <time>', 'the count at this moment of the past'],
    ['--limit <n>', 'at most this many groups (default 100, at most 500)'],
  ],
  example: 'vedette detections count --by package --limit 10',
  async run({ client }, _, options) {
    const groupBy = DetectionGrouping.safeParse(text(options['by']) ?? 'severity');
    if (!groupBy.success) throw new CliError('USAGE', `--by takes ${DetectionGrouping.options.join(', ')}`);
    const data = await client().call(countDetections, {
      query: {
        groupBy: groupBy.data,
        limit: wholeNumber('--limit', options['limit']),
        status: text(options['status']) as 'open' | undefined, // the server names the words it accepts
        search: text(options['search']),
        asOf: text(options['asOf']),
      },
    });
    const rows = data.groups.map(({ label, detections, assets }) => [label, detections, assets]);
    const counted = `${data.detections} detections in ${data.total} groups`;
    return { data, text: `${table([groupBy.data, 'detections', 'assets'], rows)}\n${counted}` };
  },
};
