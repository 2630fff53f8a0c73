import { listActivationKeys } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';

export const activationKeysList: Command = {
  name: 'activation-keys list',
  summary: 'List activation keys, without their secrets.',
  example: 'vedette activation-keys list',
  async run({ client }) {
    const data = await client().call(listActivationKeys, {});
    const rows = data.items.map((key) => [
      key.activationKeyId,
      key.name,
      `${key.uses}/${key.maxUses ?? '∞'}`,
      key.expiresAt ?? 'never',
      key.revokedAt ? `revoked ${key.revokedAt}` : 'valid',
    ]);
    return { data, text: table(['key', 'name', 'uses', 'expires', 'state'], rows) };
  },
};
