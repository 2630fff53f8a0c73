import type { Advisory, KnowledgeInput, RecordOrigin, Vulnerability } from '@vedette/protocol';
import { joinFacts } from './shared/vulnerability-facts.ts';

export type JoinFacts = (earlier: Vulnerability, later: Vulnerability) => Vulnerability;

/**
 * One body of knowledge out of several, for example the starter and freshly fetched lists. Of an advisory the last input's
 * statement stands as a whole; of a vulnerability the last word on each field. An origin is kept once for each file content.
 * `join`: joinFacts, or one that remembers what it joined.
 */
export function mergeKnowledge(inputs: readonly KnowledgeInput[], join: JoinFacts = joinFacts): KnowledgeInput {
  const advisories = new Map<string, Advisory>();
  const vulnerabilities = new Map<string, Vulnerability>();
  const origins = new Map<string, RecordOrigin>();
  for (const input of inputs) {
    for (const advisory of input.advisories) advisories.set(advisory.id, advisory);
    for (const facts of input.vulnerabilities) {
      const known = vulnerabilities.get(facts.id);
      vulnerabilities.set(facts.id, known ? join(known, facts) : facts);
    }
    for (const origin of input.origins) origins.set(`${origin.feed} ${origin.sha256}`, origin);
  }
  return { advisories: [...advisories.values()], vulnerabilities: [...vulnerabilities.values()], origins: [...origins.values()] };
}
