import { getAbout } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';

export const about: Command = {
  name: 'about',
  summary: 'Show the versions of platform and agents.',
  example: 'vedette about',
  async run({ client }) {
    const data = await client().call(getAbout, {});
    const agents = data.agentVersions.map((one) => `${one.agents} × ${one.version}`).join(', ');
    const rows = [
      ['platform', `${data.product} ${data.version} at ${data.platformUrl}`],
      ['started', data.startedAt],
      ['node', data.node],
      ['postgresql', data.postgres],
      ['agents', agents],
      ['licence', data.license],
    ] as const;
    return { data, text: table(['part', 'value'], rows) };
  },
};
