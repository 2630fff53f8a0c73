import { getCheck, severityNames } from '@vedette/protocol';
import { table } from '../output/table.ts';
import { checkNumberOf } from './check-argument.ts';
import type { Command } from './command.ts';

export const checksShow: Command = {
  name: 'checks show',
  summary: 'Show one check with everything its advisories state.',
  args: '<check>',
  example: 'vedette checks show CVE-2026-1234',
  async run({ client }, [check]) {
    const data = await client().call(getCheck, { params: { number: checkNumberOf(check) } });
    const facts = table(
      ['field', 'value'],
      [
        ['check', data.check.number],
        ['name', data.check.name],
        ['severity', `${severityNames[data.check.severity]} (${data.check.severityRule})`],
        ['published', data.check.published],
        ['known exploited', data.check.kevSince ? `since ${data.check.kevSince}` : 'no'],
        ['open on assets', data.openAssets],
      ],
    );
    const statements = data.check.affected.map((one) => `${one.advisory} (${one.feed}): ${JSON.stringify(one)}`);
    return { data, text: [facts, '', ...statements].join('\n') };
  },
};
