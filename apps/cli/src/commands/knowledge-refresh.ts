import { refreshKnowledge } from '@vedette/protocol';
import type { Command } from './command.ts';
import { knowledgeText } from './knowledge-text.ts';

export const knowledgeRefresh: Command = {
  name: 'knowledge refresh',
  summary: 'Fetch the feeds and judge everything again; takes a minute or more.',
  example: 'vedette knowledge refresh',
  async run({ client, note }) {
    note('Fetching the feeds …');
    const data = await client().call(refreshKnowledge, {});
    return { data, text: knowledgeText(data) };
  },
};
