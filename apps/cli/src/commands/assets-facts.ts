import { AssetId, listFacts } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';
import { cursorOptions, listEnd, offsetOption, readList, text, wholeNumber } from './list-options.ts';

export const assetsFacts: Command = {
  name: 'assets facts',
  summary: 'What one collector read on one asset; "vedette assets show" names the collectors.',
  args: '<asset> <collector>',
  options: [
    ['--search <text>', 'only rows that hold this'],
    ['--as-of <time>', 'what it had read by this moment of the past'],
    ['--sort <column>', 'by this column; by key where it is left out'],
    ['--descending', 'the other way round, for a column'],
    ...cursorOptions,
    offsetOption,
  ],
  example: 'vedette assets facts 018f2c7e-0000-7000-8000-000000000001 dpkg --sort source',
  async run(surroundings, [asset, collector], options) {
    if (!collector) throw new CliError('USAGE', 'name a collector, such as dpkg');
    const params = { assetId: identifier(AssetId, 'asset', asset), collector };
    const data = await readList(surroundings, options, listFacts, {
      params,
      query: {
        offset: wholeNumber('--offset', options['offset']),
        search: text(options['search']),
        asOf: text(options['asOf']),
        sort: text(options['sort']),
        direction: options['descending'] === true ? 'descending' : undefined,
      },
    });
    const columns = [...new Set(data.items.flatMap((row) => Object.keys(row)))];
    const rows = data.items.map((row) => columns.map((column) => cell(row[column])));
    const empty = `${collector} holds nothing${options['search'] === undefined ? '' : ' like that'} on this asset`;
    return { data, text: rows.length > 0 ? `${table(columns, rows)}\n${listEnd(data)}` : empty };
  },
};

function cell(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}
