import { type About, getAbout, getDashboard, getKnowledge } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';

export const status: Command = {
  name: 'status',
  summary: 'Count assets and open detections, and tell how old the knowledge is.',
  example: 'vedette status --json',
  async run({ client }) {
    const api = client();
    const [dashboard, knowledge, { fleetIndex }] = await Promise.all([
      api.call(getDashboard, {}),
      api.call(getKnowledge, {}),
      api.call(getAbout, {}),
    ]);
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
      ['fleet index', indexText(fleetIndex)],
    ] as const;
    return { data: { dashboard, knowledge, fleetIndex }, text: table(['what', 'value'], rows) };
  },
};

function indexText({ state, verifiedAt, healedAssets }: About['fleetIndex']): string {
  if (state === 'building') return 'being built';
  const verified = verifiedAt === null ? 'not yet compared with the database' : `as the database says (${verifiedAt})`;
  return healedAssets === 0 ? verified : `${healedAssets} assets differed from the database and were mended: please report it`;
}
