import { setTimeout as delay } from 'node:timers/promises';
import { AssetId, type AssetOrder, getOrder, scanAsset } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';

const lookMs = 500;
const open = new Set<AssetOrder['state']>(['queued', 'delivered', 'running']);

export const assetsScan: Command = {
  name: 'assets scan',
  summary: 'Order a full scan of an asset now.',
  args: '<asset>',
  options: [['--wait', 'until the agent has answered; fails unless the scan was done']],
  example: 'vedette assets scan 018f2c7e-0000-7000-8000-000000000001 --wait',
  async run({ client, note }, [asset], options) {
    const assetId = identifier(AssetId, 'asset', asset);
    let order = await client().call(scanAsset, { params: { assetId } });
    for (let shown = ''; options['wait'] === true && open.has(order.state);) {
      if (order.state !== shown) note(`${order.state} …`);
      shown = order.state;
      await delay(lookMs);
      order = await client().call(getOrder, { params: { assetId, orderId: order.orderId } });
    }
    if (options['wait'] === true && order.state !== 'done')
      throw new CliError('FAILURE', `The scan was not done: ${order.state}. ${order.detail}`);
    const rows = [
      ['order', order.orderId],
      ['state', order.state],
      ['requested', order.requestedAt],
      ['finished', order.finishedAt],
      ['detail', order.detail],
    ] as const;
    return { data: order, text: table(['field', 'value'], rows) };
  },
};
