import { ActivationKeyId, revokeActivationKey } from '@vedette/protocol';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';

export const activationKeysRevoke: Command = {
  name: 'activation-keys revoke',
  summary: 'Revoke an activation key; agents already enrolled stay.',
  args: '<key>',
  example: 'vedette activation-keys revoke 018f2c7e-0000-7000-8000-000000000002',
  async run({ client }, [key]) {
    const params = { activationKeyId: identifier(ActivationKeyId, 'activation key id', key) };
    const data = await client().call(revokeActivationKey, { params });
    return { data, text: 'revoked' };
  },
};
