import { AssetId, getAsset } from '@vedette/protocol';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

export const assetsShow: Command = {
  name: 'assets show',
  summary: 'Show one asset with its agent and what the agent used.',
  args: '<asset>',
  options: [['--as-of <time>', 'with the packages and detections of this moment of the past']],
  example: 'vedette assets show 018f2c7e-0000-7000-8000-000000000001',
  async run({ client }, [asset], options) {
    const params = { assetId: identifier(AssetId, 'asset', asset) };
    const data = await client().call(getAsset, { params, query: { asOf: text(options['asOf']) } });
    const { asset: shown, agent } = data;
    const rows = [
      ['hostname', shown.hostname],
      ['os', shown.os],
      ['packages', `${shown.packages} (${shown.unassessed} without a known authority)`],
      [
        'open detections',
        Object.entries(shown.detections)
          .map(([name, count]) => `${count} ${name}`)
          .join(', '),
      ],
      ['pending restart', shown.pendingRestart ? 'yes' : 'no'],
      ['last scan', shown.lastScan],
      ['agent', agent ? `${agent.version}, last check-in ${agent.lastCheckIn ?? 'never'}` : 'none'],
      [
        'agent used',
        agent?.consumption
          ? `${agent.consumption.cpuSeconds.toFixed(2)} CPU-seconds, peak ${megabytes(agent.consumption.peakRssBytes)}`
          : null,
      ],
    ] as const;
    return { data, text: table(['field', 'value'], rows) };
  },
};

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
