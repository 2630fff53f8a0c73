import { getKnowledge } from '@vedette/protocol';
import type { Command } from './command.ts';
import { knowledgeText } from './knowledge-text.ts';

export const knowledgeStatus: Command = {
  name: 'knowledge status',
  summary: 'Show version, age and feeds of the knowledge base.',
  example: 'vedette knowledge status --json',
  async run({ client }) {
    const data = await client().call(getKnowledge, {});
    return { data, text: knowledgeText(data) };
  },
};
