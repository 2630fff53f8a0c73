import { severityNames, type Check } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

export const knowledgeShow: Command = {
  name: 'knowledge show',
  summary: 'Show what a knowledge base file says of a CVE, advisory or check; needs no platform.',
  args: '<name>',
  options: [['--knowledge <file>', 'knowledge base file (default: the one imported last, else the starter)']],
  example: 'vedette knowledge show CVE-2023-4911',
  async run({ environment }, [name = ''], options) {
    const { findChecks } = await import('../knowledge/find-checks.ts');
    const { openKnowledge } = await import('../knowledge/open-knowledge.ts');
    const knowledge = openKnowledge(environment, text(options['knowledge']));
    try {
      const checks = findChecks(knowledge, name);
      if (checks.length === 0) throw new CliError('NOT_FOUND', `${name} is not in ${knowledge.state().file}`);
      return { data: { checks }, text: checks.map(checkText).join('\n\n') };
    } finally {
      knowledge.close();
    }
  },
};

function checkText(check: Check): string {
  const facts = [
    ['check', check.number],
    ['name', check.name],
    ['also known as', check.aliases.join(', ')],
    ['severity', `${severityNames[check.severity]} (${check.severityRule})`],
    ['published', check.published],
    ['known exploited', check.kevSince ? `since ${check.kevSince}` : 'no'],
    ['weaknesses', check.cwe.join(', ')],
    ...check.cvss.map((cvss) => [`CVSS ${cvss.version}`, `${cvss.score.toFixed(1)} ${cvss.vector} (${cvss.source})`]),
    ['EPSS', check.epss ? `${check.epss.score} on ${check.epss.date}` : null],
  ];
  const statements = check.affected.map((one) => [
    one.release === '' ? one.ecosystem : `${one.ecosystem}:${one.release}`,
    one.package,
    one.status,
    one.introduced,
    one.fixed,
    `${one.advisory} (${one.feed})`,
  ]);
  const said = table(['ecosystem', 'package', 'status', 'introduced', 'fixed', 'advisory'], statements);
  return `${table(['field', 'value'], facts)}\n\n${said}`;
}
