import { AssetId, type FixAction, type FixEffect, FixSorting, getAssetFixes, listFixes, severityNames } from '@vedette/protocol';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';
import { sorting, sortOptions, text, wholeNumber } from './list-options.ts';

const headings = ['severity', 'upgrade', 'to at least', 'release', 'removes', 'assets', 'of the risk', 'restart'];

const fixList: Command = {
  name: 'fix list',
  summary: 'List upgrades, those that remove most risk first: over the fleet, or the smallest set for one asset.',
  options: [
    ['--asset <asset>', 'of this asset, with the commands to run there'],
    ...sortOptions(FixSorting.options),
    ['--limit <n>', 'at most this many (default 20, at most 500)'],
    ['--after <cursor>', '`next` of the page before, as --json shows it'],
    ['--as-of <time>', 'the upgrades to be made at this moment of the past'],
  ],
  example: 'vedette fix list --limit 10',
  async run({ client }, _, options) {
    const asOf = text(options['asOf']);
    if (options['asset'] !== undefined) {
      const assetId = identifier(AssetId, 'asset', options['asset']);
      const data = await client().call(getAssetFixes, { params: { assetId }, query: { asOf } });
      const rows = table(headings, data.items.map(rowOf));
      return { data, text: [rows, effectText(data.together), ...data.commands].join('\n\n') };
    }
    const limit = wholeNumber('--limit', options['limit']) ?? 20;
    const data = await client().call(listFixes, {
      query: { limit, after: text(options['after']), asOf, ...sorting(options, FixSorting.options) },
    });
    return {
      data,
      text: `${table(headings, data.items.map(rowOf))}\n\n${effectText(data.together)} ${data.total} upgrades in all.`,
    };
  },
};

function rowOf(fix: FixAction): (string | number)[] {
  const { severity, source, fixed, release, detections, assets, share, restart } = fix;
  return [severityNames[severity], source, fixed, release, detections, assets, percent(share), restart];
}

function effectText({ riskNow, riskAfter, detectionsNow, detectionsAfter, share }: FixEffect): string {
  const fewer = detectionsNow - detectionsAfter;
  return `Together these remove ${percent(share)} of the risk (${riskNow} to ${riskAfter}) and ${fewer} of ${detectionsNow} detections.`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export const fixCommands: readonly Command[] = [fixList];
