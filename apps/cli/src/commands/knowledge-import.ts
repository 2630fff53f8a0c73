import { table } from '../output/table.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

export const knowledgeImport: Command = {
  name: 'knowledge import',
  summary: 'Build a knowledge base for "scan" out of feed files, without network and platform.',
  args: '<path...>',
  options: [
    ['--out <file>', 'where to write it (default: where "vedette scan" looks first)'],
    ['--accept <feeds>', 'take these over although they lost more than 5 % of their records (separated by commas)'],
  ],
  example: 'vedette knowledge import feeds/ --out knowledge.db',
  help:
    'Takes files, archives (tar, tar.zst, tar.gz, zip) and directories of them, and reads what has the name of a feed file. Feeds that are in\n' +
    'the file already stay where nothing usable comes for them.',
  async run({ environment, note }, paths, options) {
    const { importKnowledge } = await import('../knowledge/import-knowledge.ts');
    const { ownKnowledgeFile } = await import('../knowledge/open-knowledge.ts');
    const out = text(options['out']) ?? ownKnowledgeFile(environment);
    const accept = new Set(text(options['accept'])?.split(','));
    const data = await importKnowledge({ inputs: paths, out, now: new Date(), note, accept });
    const rows = data.feeds.map((feed) => [feed.feed, feed.files, feed.records, feed.problems, feed.problem ?? 'ok']);
    const facts = `${data.file}: ${(data.bytes / 1e6).toFixed(1)} MB in ${data.seconds.toFixed(1)} s`;
    return { data, text: `${table(['feed', 'files', 'records', 'problems', 'state'], rows)}\n\n${facts}` };
  },
};
