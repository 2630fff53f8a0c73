import { getRisk, getRiskChanges } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

const riskShow: Command = {
  name: 'risk show',
  summary: 'Show the risk of the fleet and its worst assets.',
  example: 'vedette risk show',
  async run({ client }) {
    const data = await client().call(getRisk, {});
    const worst = data.worst.map(({ assetId, hostname, risk }) => [risk, hostname, assetId]);
    const bands = data.bands.map(({ from, assets }) => [`from ${from}`, assets]);
    const head = `Risk of the fleet: ${data.risk} of 1000 (formula ${data.formula})`;
    return { data, text: [head, table(['risk', 'assets'], bands), table(['risk', 'hostname', 'asset'], worst)].join('\n\n') };
  },
};

const riskChanges: Command = {
  name: 'risk changes',
  summary: 'Show what changed the risk of the fleet since a moment of the last weeks.',
  args: '<since>',
  example: 'vedette risk changes 2026-11-15T00:00:00Z',
  async run({ client }, [since = '']) {
    const data = await client().call(getRiskChanges, { query: { since: text(since) ?? '' } });
    const percent = (share: number): string => `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
    const causes = data.causes.map(({ cause, share, detections }) => [cause, percent(share), detections]);
    const checks = data.checks.map(({ name, cause, share, detections }) => [name, cause, percent(share), detections]);
    const tables = [table(['cause', 'risk', 'detections'], causes), table(['check', 'cause', 'risk', 'detections'], checks)];
    return { data, text: [`Risk of the fleet: ${data.before} then, ${data.now} now`, ...tables].join('\n\n') };
  },
};

export const riskCommands: readonly Command[] = [riskShow, riskChanges];
