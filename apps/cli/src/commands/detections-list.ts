import { AssetId, DetectionSorting, listDetections, Severity, severityNames } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';
import { cursorOptions, listEnd, queryText, readList, sorting, sortOptions, text } from './list-options.ts';

export const detectionsList: Command = {
  name: 'detections list',
  summary: 'List detections, worst first.',
  options: [
    ['--asset <asset>', 'only of this asset'],
    ['--status <status>', 'open (default), new, active, reopened, fixed or all'],
    ['--kind <kind>', 'vulnerability or posture'],
    ['--severity <name>', 'at least this: low, medium, high or critical'],
    ['--query <query>', 'in the query language: docs/query-language.md'],
    ['--search <text>', 'part of a package, source or CVE name'],
    ['--exception <which>', 'without (default) those that an exception covers, only those, or with them'],
    ...sortOptions(DetectionSorting.options),
    ['--as-of <time>', 'as it was at this moment, such as 2026-11-01T00:00:00Z'],
    ...cursorOptions,
  ],
  example: 'vedette detections list --severity high --json',
  async run(surroundings, _, options) {
    const asset = options['asset'] === undefined ? undefined : identifier(AssetId, 'asset', options['asset']);
    const filter = {
      assetId: asset,
      status: text(options['status']) as 'open' | undefined, // the server names the words it accepts
      kind: text(options['kind']) as 'posture' | undefined, // likewise
      severity: severity(text(options['severity'])),
      query: queryText(options['query'], 'detection'),
      search: text(options['search']),
      exception: text(options['exception']) as 'with' | undefined, // likewise
      ...sorting(options, DetectionSorting.options),
      asOf: text(options['asOf']),
    };
    const data = await readList(surroundings, options, listDetections, { query: filter });
    const rows = data.items.map((detection) => [
      severityNames[detection.severity],
      detection.title === null ? detection.name : `${detection.name} ${detection.title}`,
      detection.hostname,
      detection.packages.map((one) => `${one.name} ${one.installed}`)[0] ?? null,
      detection.packages[0]?.fixed ?? (detection.kind === 'posture' ? 'see explain' : 'no fix yet'),
      detection.exception ? `${detection.status}, excepted` : detection.status,
      detection.risk,
      detection.check,
    ]);
    return {
      data,
      text: `${table(['severity', 'name', 'asset', 'package', 'fixed in', 'status', 'risk', 'check'], rows)}\n${listEnd(data)}`,
    };
  },
};

function severity(name: string | undefined): Severity | undefined {
  if (name === undefined) return undefined;
  const found = Object.entries(severityNames).find(([, known]) => known === name);
  if (!found) throw new CliError('USAGE', `--severity takes ${Object.values(severityNames).join(', ')}, not "${name}"`);
  return Severity.parse(Number(found[0]));
}
