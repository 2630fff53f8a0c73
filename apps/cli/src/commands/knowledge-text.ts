import type { FeedState, Knowledge } from '@vedette/protocol';
import { table } from '../output/table.ts';

/** State of the knowledge base for people, with what to do when it is old. */
export function knowledgeText(knowledge: Knowledge): string {
  const facts = `version ${knowledge.version}, ${knowledge.checks} checks, newest advisory ${knowledge.date ?? 'none'}`;
  const advice = knowledge.stale ? '\nThe knowledge is old: run "vedette knowledge refresh".' : '';
  const feeds = knowledge.feeds.map((feed) => [feed.feed, feed.records, feed.retrievedAt, feed.checkedAt, stateOf(feed)]);
  const heads = ['feed', 'records', 'retrieved', 'current on', 'state'];
  return `${facts}${knowledge.starter ? ' (starter)' : ''}${advice}\n\n${table(heads, feeds)}`;
}

function stateOf({ problem, stale }: FeedState): string {
  if (problem !== null) return problem;
  return stale
    ? 'old: not looked after for 7 days; "vedette knowledge refresh", or VEDETTE_FEED_DIR for what exists as files'
    : 'ok';
}
