import { acceptFeed } from '@vedette/protocol';
import type { Command } from './command.ts';
import { knowledgeText } from './knowledge-text.ts';

export const knowledgeAccept: Command = {
  name: 'knowledge accept',
  summary: 'Take over a feed that was refused because it has fewer records than before.',
  args: '<feed>',
  example: 'vedette knowledge accept debian-dsa',
  help:
    'A feed that lost more than 5 % of its records is taken for a cut file, and what it said before stays in use. Where it really is smaller\n' +
    'now, this takes it over, once; the platform notes who said so.',
  async run({ client, note }, [feed = '']) {
    note(`Fetching ${feed} …`);
    const data = await client().call(acceptFeed, { params: { feed } });
    return { data, text: knowledgeText(data) };
  },
};
