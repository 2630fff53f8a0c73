import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { readRules, ringsOf } from '../releases/wishes-store.ts';
import { loadTags } from './store.ts';
import { readAssetScope, tagsAskedFor } from './tag-query.ts';

/** What would no longer mean the same without a tag, in words: queries of other tags, rings of open roll-outs, release rules. */
export async function usesOfTags(db: Kysely<Database>, organizationId: string, now: Date): Promise<(name: string) => string[]> {
  const tags = await loadTags(db, organizationId);
  const rollouts = await db
    .selectFrom('rollout')
    .select(['version', 'rings'])
    .where('organizationId', '=', organizationId)
    .where('state', 'in', ['running', 'paused'])
    .execute();
  const rules = await readRules(db, organizationId);
  const queries = tags.map(({ name, query }) => ({ name, query: query === null ? null : readAssetScope(query, now) }));
  return (name) => [
    ...queries
      .filter((tag) => tag.name !== name && tagsAskedFor(tag.query, [name]).length > 0)
      .map((tag) => `the tag ${tag.name}`),
    ...rollouts.flatMap(({ version, rings }) =>
      ringsOf({ rings }).flatMap((ring) => (ring.tags.includes(name) ? [`ring ${ring.name} of the roll-out of ${version}`] : [])),
    ),
    ...(rules.some((rule) => rule.tags.includes(name)) ? ['a release rule'] : []),
  ];
}
