import { getDashboard, getKnowledge } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';

export const status: Command = {
  name: 'status',
  summary: 'Count assets and open detections, and tell how old the knowledge is.',
  example: 'vedette status --json',
  async run({ client }) {
    const api = client();
    const [dashboard, knowledge] = await Promise.all([api.call(getDashboard, {}), api.call(getKnowledge, {})]);
    const rows = [
      ['assets', `${dashboard.assets} (${dashboard.silentAssets} silent for a day)`],
      ['open detections', dashboard.openTotal],
      ...Object.entries(dashboard.open).map(([name, count]) => [`  ${name}`, count] as const),
      ['known exploited', dashboard.knownExploited],
      ['not assessed', `${dashboard.unassessedPackages} packages`],
      [
        'knowledge',
        `version ${knowledge.version} of ${knowledge.date ?? 'no date'}${knowledge.stale ? ' (old: "vedette knowledge refresh")' : ''}`,
      ],
    ] as const;
    return { data: { dashboard, knowledge }, text: table(['what', 'value'], rows) };
  },
};
