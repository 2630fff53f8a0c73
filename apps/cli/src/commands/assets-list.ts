import { listAssets } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { page, pageOptions, queryText, text } from './list-options.ts';

export const assetsList: Command = {
  name: 'assets list',
  summary: 'List assets, those with the worst open detections first.',
  options: [
    ['--query <query>', 'in the query language: docs/query-language.md'],
    ['--search <text>', 'part of a host name'],
    ...pageOptions,
  ],
  example: `vedette assets list --query 'os:debian and software:(name:openssl and version:<3.0.15)'`,
  async run({ client }, _, options) {
    const data = await client().call(listAssets, {
      query: { ...page(options), query: queryText(options['query'], 'asset'), search: text(options['search']) },
    });
    const rows = data.items.map((asset) => [
      asset.assetId,
      asset.hostname,
      asset.os,
      asset.packages,
      asset.detections.critical,
      asset.detections.high,
      asset.detections.medium,
      asset.detections.low,
      asset.lastSeen,
    ]);
    return { data, text: table(['asset', 'hostname', 'os', 'packages', 'critical', 'high', 'medium', 'low', 'last seen'], rows) };
  },
};
