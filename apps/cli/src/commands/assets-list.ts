import { AssetSorting, listAssets } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { cursorOptions, listEnd, queryText, readList, sorting, sortOptions, text } from './list-options.ts';

export const assetsList: Command = {
  name: 'assets list',
  summary: 'List assets, those with the worst open detections first.',
  options: [
    ['--query <query>', 'in the query language: docs/query-language.md'],
    ['--search <text>', 'part of a host name'],
    ...sortOptions(AssetSorting.options),
    ['--as-of <time>', 'as they were at this moment, such as 2026-11-01T00:00:00Z'],
    ...cursorOptions,
  ],
  example: `vedette assets list --query 'os:debian and software:(name:openssl and version:<3.0.15)'`,
  async run(surroundings, _, options) {
    const filter = {
      query: queryText(options['query'], 'asset'),
      search: text(options['search']),
      ...sorting(options, AssetSorting.options),
      asOf: text(options['asOf']),
    };
    const data = await readList(surroundings, options, listAssets, { query: filter });
    const rows = data.items.map((asset) => [
      asset.assetId,
      asset.hostname,
      asset.os,
      asset.packages,
      asset.risk,
      asset.detections.critical,
      asset.detections.high,
      asset.detections.medium,
      asset.detections.low,
      asset.lastSeen,
    ]);
    const heading = ['asset', 'hostname', 'os', 'packages', 'risk', 'critical', 'high', 'medium', 'low', 'last seen'];
    return { data, text: `${table(heading, rows)}\n${listEnd(data)}` };
  },
};
