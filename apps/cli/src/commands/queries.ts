import { deleteSavedQuery, listSavedQueries, QueryEntity, type SavedQuery, saveQuery } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import type { Client } from '../api/connect.ts';
import { assetsList } from './assets-list.ts';
import { checksList } from './checks-list.ts';
import type { Command } from './command.ts';
import { detectionsList } from './detections-list.ts';
import { eventsList } from './events-list.ts';
import { cursorOptions, queryText, text } from './list-options.ts';
import { softwareList } from './software-list.ts';

const queriesList: Command = {
  name: 'queries list',
  summary: 'List saved queries: your own, and those that are shared.',
  example: 'vedette queries list',
  async run({ client }) {
    const data = await client().call(listSavedQueries, {});
    const rows = data.items.map((one) => [one.name, one.about, one.query, one.shared ? 'everybody' : 'you', one.owner]);
    return { data, text: table(['name', 'finds', 'query', 'seen by', 'owner'], rows) };
  },
};

const queriesSave: Command = {
  name: 'queries save',
  summary: 'Save a query under a name; one of yours of the same name is replaced.',
  args: '<name>',
  options: [
    ['--about <what>', 'asset (default), detection, check, software or event'],
    ['--query <query>', 'in the query language: docs/query-language.md'],
    ['--shared', 'for everybody of the organization'],
    ['--dashboard', 'with the number of what it finds on the dashboard'],
  ],
  example: `vedette queries save 'exploited on servers' --about detection --query 'kev:true and asset:(hostname:web)' --shared`,
  async run({ client }, [name = ''], options) {
    const about = QueryEntity.safeParse(text(options['about']) ?? 'asset');
    if (!about.success) throw new CliError('USAGE', `--about takes ${QueryEntity.options.join(', ')}`);
    const query = queryText(options['query'], about.data);
    if (query === undefined) throw new CliError('USAGE', '--query is missing');
    const [shared, onDashboard] = [options['shared'] === true, options['dashboard'] === true];
    const data = await client().call(saveQuery, { body: { name, about: about.data, query, shared, onDashboard } });
    return { data, text: `saved "${data.name}"` };
  },
};

const queriesDelete: Command = {
  name: 'queries delete',
  summary: 'Delete a saved query by its name.',
  args: '<name>',
  example: `vedette queries delete 'exploited on servers'`,
  async run({ client }, [name = '']) {
    const api = client();
    const { savedQueryId } = await named(api, name);
    const data = await api.call(deleteSavedQuery, { params: { savedQueryId } });
    return { data, text: `deleted "${name}"` };
  },
};

const lists = {
  asset: assetsList,
  detection: detectionsList,
  check: checksList,
  software: softwareList,
  event: eventsList,
} as const;

const queriesRun: Command = {
  name: 'queries run',
  summary: 'List what a saved query finds.',
  args: '<name>',
  options: cursorOptions,
  example: `vedette queries run 'exploited on servers' --all`,
  async run(surroundings, [name = ''], options) {
    const { about, query } = await named(surroundings.client(), name);
    return lists[about].run(surroundings, [], { ...options, query });
  },
};

/** Your own before one that is shared. Throws CliError NOT_FOUND. */
async function named(client: Client, name: string): Promise<SavedQuery> {
  const { items } = await client.call(listSavedQueries, {});
  const found = items.filter((one) => one.name === name).toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn))[0];
  if (!found) throw new CliError('NOT_FOUND', `there is no saved query "${name}"; "vedette queries list" shows them`);
  return found;
}

export const queryCommands: readonly Command[] = [queriesList, queriesSave, queriesDelete, queriesRun];
