import { tagsAskedFor } from '@vedette/query';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { loadProfiles } from '../profiles/store.ts';
import { readRules, ringsOf } from '../releases/wishes-store.ts';
import { loadTags } from './store.ts';
import { readAssetScope } from './tag-query.ts';

/**
 * What would no longer mean the same without a tag, in words: queries of other tags, rings of open roll-outs, release rules, profiles, which
 * assets people may see, and what exceptions cover.
 */
export async function usesOfTags(db: Kysely<Database>, organizationId: string, now: Date): Promise<(name: string) => string[]> {
  const tags = await loadTags(db, organizationId);
  const rollouts = await db
    .selectFrom('rollout')
    .select(['version', 'rings'])
    .where('organizationId', '=', organizationId)
    .where('state', 'in', ['running', 'paused'])
    .execute();
  const scopes = await scopesOf(db, organizationId);
  const rules = await readRules(db, organizationId);
  const profiles = await loadProfiles(db, organizationId);
  const exceptions = await exceptionsOf(db, organizationId, now);
  const queries = tags.map(({ name, query }) => ({ name, query: query === null ? null : readAssetScope(query, now) }));
  return (name) => [
    ...queries
      .filter((tag) => tag.name !== name && tagsAskedFor(tag.query, [name]).length > 0)
      .map((tag) => `the tag ${tag.name}`),
    ...rollouts.flatMap(({ version, rings }) =>
      ringsOf({ rings }).flatMap((ring) => (ring.tags.includes(name) ? [`ring ${ring.name} of the roll-out of ${version}`] : [])),
    ),
    ...scopes.flatMap(({ scope, of }) => (tagsAskedFor(readAssetScope(scope, now), [name]).length > 0 ? [of] : [])),
    ...profiles.flatMap((profile) =>
      profile.query !== null && tagsAskedFor(readAssetScope(profile.query, now), [name]).length > 0
        ? [`the profile ${profile.name}`]
        : [],
    ),
    ...exceptions.flatMap(({ assets, reason }) =>
      tagsAskedFor(readAssetScope(assets, now), [name]).length > 0 ? [`the exception “${reason}”`] : [],
    ),
    ...(rules.some((rule) => rule.tags.includes(name)) ? ['a release rule'] : []),
  ];
}

/** Which assets roles and users are for. */
async function scopesOf(db: Kysely<Database>, organizationId: string): Promise<{ scope: string; of: string }[]> {
  const roles = await db.selectFrom('role').select(['name', 'scope']).where('organizationId', '=', organizationId).execute();
  const users = await db.selectFrom('appUser').select(['login', 'scope']).where('organizationId', '=', organizationId).execute();
  return [
    ...roles.flatMap(({ name, scope }) => (scope === null ? [] : [{ scope, of: `the role ${name}` }])),
    ...users.flatMap(({ login, scope }) => (scope === null ? [] : [{ scope, of: `the user ${login}` }])),
  ];
}

/** Those that hold, or may come to: what they covered in the past is asked of the assets of now, too, but no longer of anybody's concern. */
async function exceptionsOf(
  db: Kysely<Database>,
  organizationId: string,
  now: Date,
): Promise<{ assets: string; reason: string }[]> {
  return db
    .selectFrom('exception')
    .select(['assets', 'reason'])
    .where('organizationId', '=', organizationId)
    .where('assets', '<>', '')
    .where(
      sql<boolean>`decision is distinct from 'rejected' and ended_at is null and (expires_at is null or expires_at > ${now})`,
    )
    .orderBy('requestedAt')
    .execute();
}
