import { ApiTokenId, ApiTokenSorting, createApiToken, deleteApiToken, listApiTokens, PermissionName } from '@vedette/protocol';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';
import { sorting, sortOptions, text, wholeNumber } from './list-options.ts';

const tokensList: Command = {
  name: 'tokens list',
  summary: 'List your API tokens, without their secrets.',
  options: [...sortOptions(ApiTokenSorting.options)],
  example: 'vedette tokens list --sort expiresAt',
  async run({ client }, _, options) {
    const data = await client().call(listApiTokens, { query: sorting(options, ApiTokenSorting.options) });
    const rows = data.items.map((token) => [
      token.apiTokenId,
      token.name,
      token.permissions?.join(' ') ?? 'whatever you may',
      token.expiresAt ?? 'never',
      token.lastUsedAt === null ? 'never' : `${token.lastUsedAt} from ${token.lastAddress ?? ''}`,
    ]);
    return { data, text: table(['token', 'name', 'may', 'expires', 'last used'], rows) };
  },
};

const tokensCreate: Command = {
  name: 'tokens create',
  summary: 'Create an API token that may what you may, or only some of it; its secret is shown once.',
  args: '<name>',
  options: [
    ['--permissions <list>', 'separated by commas (default: whatever you may)'],
    ['--expires-in-days <n>', 'when it stops working (default: 90)'],
    ['--never-expires', 'it works until it is revoked'],
  ],
  example: 'vedette tokens create "nightly report" --permissions asset:read,detection:read',
  async run({ client, note }, [name = ''], options) {
    const wanted = text(options['permissions'])
      ?.split(',')
      .map((one) => one.trim());
    const permissions = z
      .array(PermissionName)
      .min(1)
      .nullable()
      .safeParse(wanted ?? null);
    if (!permissions.success) throw new CliError('USAGE', `--permissions takes some of ${PermissionName.options.join(', ')}`);
    const days = wholeNumber('--expires-in-days', options['expiresInDays']);
    if (days !== undefined && options['neverExpires'])
      throw new CliError('USAGE', '--expires-in-days and --never-expires exclude each other');
    const expiresInDays = options['neverExpires'] ? null : (days ?? 90);
    const data = await client().call(createApiToken, { body: { name, expiresInDays, permissions: permissions.data } });
    note('Keep the secret now: only its hash is stored.');
    return { data, text: data.secret };
  },
};

const tokensRevoke: Command = {
  name: 'tokens revoke',
  summary: 'Revoke one of your API tokens at once.',
  args: '<token>',
  example: 'vedette tokens revoke 018f2c7e-0000-7000-8000-000000000002',
  async run({ client }, [token]) {
    const params = { apiTokenId: identifier(ApiTokenId, 'API token id', token) };
    const data = await client().call(deleteApiToken, { params });
    return { data, text: 'revoked' };
  },
};

export const tokensCommands: readonly Command[] = [tokensList, tokensCreate, tokensRevoke];
