import { getCheck } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { checkNumberOf } from './check-argument.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

export const knowledgeShow: Command = {
  name: 'knowledge show',
  summary: 'Show what a knowledge base file, or the platform, says of a CVE, advisory or check.',
  args: '<name>',
  options: [
    ['--knowledge <file>', 'knowledge base file (default: the one imported last, else the starter)'],
    ['--platform', "ask the platform instead, which also knows when it learned what (a check's number, CVE, DSA or DLA name)"],
  ],
  example: 'vedette knowledge show CVE-2023-4911',
  async run({ environment, client }, [name = ''], options) {
    const { checkText } = await import('./check-text.ts');
    if (options['platform'] === true) {
      const data = await client().call(getCheck, { params: { number: checkNumberOf(name) } });
      return { data, text: checkText(data.check, { platform: data }) };
    }
    const { checkReferences } = await import('@vedette/matching');
    const { findChecks } = await import('../knowledge/find-checks.ts');
    const { openKnowledge } = await import('../knowledge/open-knowledge.ts');
    const knowledge = openKnowledge(environment, text(options['knowledge']));
    try {
      const checks = findChecks(knowledge, name);
      if (checks.length === 0) throw new CliError('NOT_FOUND', `${name} is not in ${knowledge.state().file}`);
      const known = checks.map((check) => {
        const sources = knowledge.sourcesOf([...new Set(check.affected.map(({ advisory }) => advisory))]);
        return { ...check, references: checkReferences(check), sources };
      });
      return { data: { checks: known }, text: known.map((check) => checkText(check, { sources: check.sources })).join('\n\n') };
    } finally {
      knowledge.close();
    }
  },
};
