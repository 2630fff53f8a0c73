import { AssetId, revokeAgent } from '@vedette/protocol';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';

export const assetsRevoke: Command = {
  name: 'assets revoke',
  summary: "Refuse the key of an asset's agent from now on, for a machine that is lost or stolen.",
  args: '<asset>',
  example: 'vedette assets revoke 018f2c7e-0000-7000-8000-000000000001',
  async run({ client }, [asset]) {
    const params = { assetId: identifier(AssetId, 'asset', asset) };
    const data = await client().call(revokeAgent, { params });
    return { data, text: 'revoked' };
  },
};
