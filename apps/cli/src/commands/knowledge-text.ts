import type { Knowledge } from '@vedette/protocol';
import { table } from '../output/table.ts';

/** State of the knowledge base for people, with what to do when it is old. */
export function knowledgeText(knowledge: Knowledge): string {
  const facts = `version ${knowledge.version}, ${knowledge.checks} checks, newest advisory ${knowledge.date ?? 'none'}`;
  const advice = knowledge.stale ? '\nThe knowledge is old: run "vedette knowledge refresh".' : '';
  const feeds = knowledge.feeds.map((feed) => [feed.feed, feed.records, feed.retrievedAt, feed.problem ?? 'ok']);
  return `${facts}${knowledge.starter ? ' (starter)' : ''}${advice}\n\n${table(['feed', 'records', 'retrieved', 'state'], feeds)}`;
}
