import { AssetId, getPosture, severityNames } from '@vedette/protocol';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';

export const assetsPosture: Command = {
  name: 'assets posture',
  summary: 'What every posture check finds on one asset, with what was read and how to fix it.',
  args: '<asset>',
  options: [['--all', 'also what passed and what does not apply']],
  example: 'vedette assets posture 018f2c7e-0000-7000-8000-000000000001',
  async run({ client }, [asset], options) {
    const data = await client().call(getPosture, { params: { assetId: identifier(AssetId, 'asset', asset) } });
    const shown = data.checks.filter(({ outcome }) => options['all'] === true || !['passed', 'not-applicable'].includes(outcome));
    const rows = shown.flatMap((check) =>
      check.evidence
        .filter(({ outcome }) => outcome === check.outcome)
        .map((one) => [
          check.outcome,
          severityNames[check.severity],
          check.name,
          check.title,
          one.subject,
          one.value,
          one.required,
        ]),
    );
    const fixes = shown
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ name, fix }) => [`${name}: ${fix.advice}`, ...fix.commands.map((command) => `  ${command}`)].join('\n'));
    const counts = Object.entries(data.counts)
      .map(([outcome, count]) => `${count} ${outcome}`)
      .join(', ');
    const heads = ['outcome', 'severity', 'check', 'title', 'read', 'value', 'has to be'];
    return { data, text: [table(heads, rows), ...fixes, counts].join('\n\n') };
  },
};
