import {
  AssetId,
  ChangeOrder,
  compareMoments,
  getTimeline,
  getTrends,
  severityNames,
  type TimelineEntry,
} from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';
import { sorting, sortOptions, text, wholeNumber } from './list-options.ts';

export const detectionsChanges: Command = {
  name: 'detections changes',
  summary: 'Tell what became of detections between two moments: new, reopened, fixed.',
  options: [
    ['--from <time>', 'the first moment, such as 2026-11-01T00:00:00Z'],
    ['--to <time>', 'the second one; now where it is left out'],
    ['--by <what>', 'asset (default) or check'],
    ['--asset <asset>', 'only of this asset'],
    ...sortOptions(ChangeOrder.options),
    ['--limit <n>', 'at most this many (default 100, at most 500)'],
  ],
  example: 'vedette detections changes --from 2026-11-01T00:00:00Z --by check',
  async run({ client }, _, options) {
    const from = text(options['from']);
    if (from === undefined) throw new CliError('USAGE', '--from is missing: a moment such as 2026-11-01T00:00:00Z');
    const asset = options['asset'] === undefined ? undefined : identifier(AssetId, 'asset', options['asset']);
    const groupBy = text(options['by']) as 'asset' | undefined; // the server names the words it accepts
    const part = { ...sorting(options, ChangeOrder.options), limit: wholeNumber('--limit', options['limit']) };
    const query = { from, to: text(options['to']), groupBy, assetId: asset, ...part };
    const data = await client().call(compareMoments, { query });
    const rows = data.groups.map((one) => [one.label, one.new, one.reopened, one.fixed]);
    const { changes } = data;
    const sum = `${changes.new} new, ${changes.reopened} reopened, ${changes.fixed} fixed from ${data.from} to ${data.to}`;
    return { data, text: `${table([groupBy ?? 'asset', 'new', 'reopened', 'fixed'], rows)}\n${sum}` };
  },
};

export const trends: Command = {
  name: 'trends',
  summary: 'Show day by day what came and what was fixed, how long a fix takes, and what is beyond its deadline.',
  options: [
    ['--days <n>', '2 to 30 (default 30)'],
    ['--as-of <time>', 'the days before this moment'],
  ],
  example: 'vedette trends --days 7',
  async run({ client }, _, options) {
    const query = { days: wholeNumber('--days', options['days']), asOf: text(options['asOf']) };
    const data = await client().call(getTrends, { query });
    const days = data.days.map(({ at, open, ...one }) => {
      const total = Object.values(open).reduce((sum, count) => sum + count, 0);
      return [at.slice(0, 10), one.risk, total, one.new, one.reopened, one.fixed];
    });
    const overdue = new Map(data.overdue.map((one) => [one.severity, one]));
    const fixes = data.remediation.map(({ severity, fixed, meanSeconds }) => {
      const late = overdue.get(severity);
      const mean = meanSeconds === null ? null : (meanSeconds / 86_400).toFixed(1);
      return [severityNames[severity], fixed, mean, late?.days ?? null, late ? (late.detections ?? late.query) : null];
    });
    const parts = [
      table(['day', 'risk', 'open', 'new', 'reopened', 'fixed'], days),
      table(['severity', 'fixed', 'mean days', 'deadline', 'overdue'], fixes),
    ];
    return { data, text: parts.join('\n\n') };
  },
};

export const assetsTimeline: Command = {
  name: 'assets timeline',
  summary: 'Show what happened to an asset, newest first.',
  args: '<asset>',
  options: [
    ['--limit <n>', 'at most this many (default 50, at most 200)'],
    ['--before <time>', 'only what was before'],
  ],
  example: 'vedette assets timeline 018f2c7e-0000-7000-8000-000000000001',
  async run({ client }, [asset], options) {
    const query = { limit: wholeNumber('--limit', options['limit']), before: text(options['before']) };
    const data = await client().call(getTimeline, { params: { assetId: identifier(AssetId, 'asset', asset) }, query });
    return {
      data,
      text: table(
        ['time', 'what'],
        data.items.map((entry) => [entry.at, inWords(entry)]),
      ),
    };
  },
};

function inWords(entry: TimelineEntry): string {
  switch (entry.kind) {
    case 'enrolled':
      return 'enrolled';
    case 'facts':
      return `${entry.collector} changed`;
    case 'packages':
      return `${entry.added.count} packages installed, ${entry.removed.count} removed: ${[...entry.added.first, ...entry.removed.first].slice(0, 3).join(', ')}`;
    case 'detections':
      return `${entry.found.count} detections found, ${entry.fixed.count} fixed`;
  }
}
