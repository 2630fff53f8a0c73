import { getKnowledge } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { knowledgeText } from './knowledge-text.ts';
import { text } from './list-options.ts';

export const knowledgeStatus: Command = {
  name: 'knowledge status',
  summary: 'Show version, age and feeds of the knowledge base: of the platform, or of a file.',
  options: [
    ['--knowledge <file>', 'of this knowledge base file instead of the platform'],
    ['--offline', 'of the file that "vedette scan" would use'],
  ],
  example: 'vedette knowledge status --json',
  async run({ client, environment }, _, options) {
    const file = text(options['knowledge']);
    if (file !== undefined || options['offline'] === true) return fileStatus(environment, file);
    const data = await client().call(getKnowledge, {});
    return { data, text: knowledgeText(data) };
  },
};

async function fileStatus(environment: Parameters<Command['run']>[0]['environment'], file: string | undefined) {
  const { knowledgeLine, openKnowledge } = await import('../knowledge/open-knowledge.ts');
  const knowledge = openKnowledge(environment, file);
  try {
    const data = knowledge.state();
    const now = new Date();
    const rows = data.feeds.map((feed) => {
      const day = feed.origins.map((origin) => origin.retrievedAt.slice(0, 10)).reduce((a, b) => (a > b ? a : b), '');
      return [feed.feed, feed.advisories, feed.statements, day, feed.problem ?? ageOf(day, now)];
    });
    const facts = `${data.advisories} advisories, ${data.statements} statements, facts of ${data.vulnerabilities} vulnerabilities`;
    const feeds = table(['feed', 'advisories', 'statements', 'data of', 'state'], rows);
    return { data, text: `${data.file}\n${knowledgeLine(data, now)}\n${facts}\n\n${feeds}` };
  } finally {
    knowledge.close();
  }
}

/** A feed older than this is worth a word; most bring something every day. */
const staleDays = 14;

function ageOf(day: string, now: Date): string {
  const days = Math.floor((now.getTime() - Date.parse(`${day}T00:00:00Z`)) / 86_400_000);
  return days > staleDays ? `old: ${days} days; import newer files` : 'ok';
}
