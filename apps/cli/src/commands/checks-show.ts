import { getCheck } from '@vedette/protocol';
import { checkNumberOf } from './check-argument.ts';
import type { Command } from './command.ts';

export const checksShow: Command = {
  name: 'checks show',
  summary: 'Show one check of the platform: scores, references, all that advisories state, and what changed when.',
  args: '<check>',
  example: 'vedette checks show CVE-2026-1234',
  async run({ client }, [check]) {
    // The matching room takes longer to load than other commands run.
    const { checkText } = await import('./check-text.ts');
    const data = await client().call(getCheck, { params: { number: checkNumberOf(check) } });
    return { data, text: checkText(data.check, { platform: data }) };
  },
};
