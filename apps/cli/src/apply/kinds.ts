import {
  builtInRoles,
  changeProfile,
  changeRole,
  createProfile,
  createRole,
  deleteProfile,
  deleteRole,
  deleteSavedQuery,
  deleteTag,
  listProfiles,
  listRoles,
  listSavedQueries,
  listTags,
  maxDefinedTags,
  maxProfiles,
  maxSavedQueries,
  permissionMeanings,
  type Profile,
  ProfileInput,
  QueryEntity,
  RoleInput,
  saveQuery,
  saveTag,
  Tag,
} from '@vedette/protocol';
import { tagsAskedFor, tagsNamed } from '@vedette/query';
import { z } from 'zod';
import type { Client } from '../api/connect.ts';
import { CliError } from '../errors.ts';
import { AssetQuery, assetQueryOf, type Kind, parsedQuery, type TagsOf, understood } from './kind.ts';
import { roleIds } from './role-ids.ts';
import { settingsKinds } from './settings-kinds.ts';

function tagsOfQuery(query: unknown): TagsOf {
  const parsed = assetQueryOf(query);
  return { named: tagsNamed(parsed), askedFor: (names) => tagsAskedFor(parsed, names) };
}

const TagSpec = z.strictObject({ ...Tag.omit({ name: true }).shape, query: AssetQuery });

export const tagKind: Kind = {
  kind: 'Tag',
  name: Tag.shape.name,
  spec: TagSpec,
  cap: { most: maxDefinedTags, of: 'tags in an organization' },
  calls: (name) => `the tag ${name}`,
  tags: ({ query }) => tagsOfQuery(query),
  async list(client) {
    const { items } = await client.call(listTags, {});
    const defined = items.filter(({ isDefined }) => isDefined);
    return new Map(
      defined.map(({ name, description, query, criticality, exposure }) => [name, { description, query, criticality, exposure }]),
    );
  },
  async uses(client) {
    const { items } = await client.call(listTags, {});
    return new Map(items.map(({ name, usedBy }) => [name, usedBy]));
  },
  async save(client, name, spec) {
    await client.call(saveTag, { params: { name }, body: TagSpec.parse(spec) });
  },
  async delete(client, name) {
    await client.call(deleteTag, { params: { name } });
  },
};

const RoleSpec = z
  .strictObject({
    ...RoleInput.omit({ name: true }).shape,
    // Their order means nothing, and would show as a difference.
    permissions: RoleInput.shape.permissions.transform((permissions) => [...new Set(permissions)].toSorted()),
    scope: AssetQuery,
  })
  .superRefine(({ permissions, scope }, context) => {
    const whole = scope === null ? [] : permissions.filter((one) => permissionMeanings[one].whole);
    if (whole.length === 0) return;
    const message = `about the whole organization, so not for a role that sees only some assets: ${whole.join(', ')}`;
    context.addIssue({ code: 'custom', path: ['permissions'], message });
  });

const builtInNames = new Set(Object.values(builtInRoles).map(({ name }) => name.toLowerCase()));

export const roleKind: Kind = {
  kind: 'Role',
  name: RoleInput.shape.name.refine(
    (name) => !builtInNames.has(name.toLowerCase()),
    'every organization has a role of this name',
  ),
  spec: RoleSpec,
  calls: (name) => `the role ${name}`,
  tags: ({ scope }) => tagsOfQuery(scope),
  async list(client) {
    const { items } = await client.call(listRoles, {});
    const own = items.filter(({ isBuiltIn }) => !isBuiltIn);
    return new Map(
      own.map(({ name, describes, permissions, scope }) => [name, { describes, permissions: permissions.toSorted(), scope }]),
    );
  },
  async uses(client) {
    const { items } = await client.call(listRoles, {});
    return new Map(items.map(({ name, users }) => [name, users > 0 ? [`${users} users`] : []]));
  },
  async save(client, name, spec) {
    const body = { name, ...RoleSpec.parse(spec) };
    const roleId = (await roleIds(client)).get(name);
    await (roleId ? client.call(changeRole, { params: { roleId }, body }) : client.call(createRole, { body }));
  },
  async delete(client, name) {
    const roleId = (await roleIds(client)).get(name);
    if (!roleId) throw new CliError('NOT_FOUND', `there is no role ${name} any more`);
    await client.call(deleteRole, { params: { roleId } });
  },
};

const ProfileSpec = z.strictObject({ ...ProfileInput.omit({ name: true }).shape, query: AssetQuery });

async function profiles(client: Client): Promise<ReadonlyMap<string, Profile>> {
  const { items } = await client.call(listProfiles, {});
  return new Map(items.map((one) => [one.name, one]));
}

export const profileKind: Kind = {
  kind: 'Profile',
  name: ProfileInput.shape.name,
  spec: ProfileSpec,
  cap: { most: maxProfiles, of: 'profiles in an organization' },
  calls: (name) => `the profile ${name}`,
  tags: ({ query }) => tagsOfQuery(query),
  async list(client) {
    const there = [...(await profiles(client))];
    return new Map(
      there.map(([name, { description, priority, query, settings, upgrades }]) => [
        name,
        { description, priority, query, settings, upgrades },
      ]),
    );
  },
  async save(client, name, spec) {
    const body = { name, ...ProfileSpec.parse(spec) };
    const profileId = (await profiles(client)).get(name)?.profileId;
    await (profileId ? client.call(changeProfile, { params: { profileId }, body }) : client.call(createProfile, { body }));
  },
  async delete(client, name) {
    const profileId = (await profiles(client)).get(name)?.profileId;
    if (!profileId) throw new CliError('NOT_FOUND', `there is no profile ${name} any more`);
    await client.call(deleteProfile, { params: { profileId } });
  },
};

const SavedQuerySpec = z
  .strictObject({
    about: QueryEntity,
    query: z.string().trim().min(1).max(4096),
    onDashboard: z.boolean().default(false),
  })
  .superRefine(({ about, query }, context) => understood(context, query, () => parsedQuery(query, about)));

/** Of whoever applies them, for everybody. */
const savedQuery: Kind = {
  kind: 'SavedQuery',
  name: z.string().trim().min(1).max(100),
  spec: SavedQuerySpec,
  cap: {
    most: maxSavedQueries,
    of: 'saved queries of one person, shared or not',
    async counted(client) {
      const { items } = await client.call(listSavedQueries, {});
      return items.flatMap(({ isOwn, name }) => (isOwn ? [name] : []));
    },
  },
  async list(client) {
    const { items } = await client.call(listSavedQueries, {});
    const own = items.filter(({ isOwn, shared }) => isOwn && shared);
    return new Map(own.map(({ name, about, query, onDashboard }) => [name, { about, query, onDashboard }]));
  },
  async save(client, name, spec) {
    await client.call(saveQuery, { body: { ...SavedQuerySpec.parse(spec), name, shared: true } });
  },
  async delete(client, name) {
    const { items } = await client.call(listSavedQueries, {});
    const found = items.find((one) => one.isOwn && one.name === name);
    if (found) await client.call(deleteSavedQuery, { params: { savedQueryId: found.savedQueryId } });
  },
};

/** Every kind, in the order in which they are made: a tag before what speaks of it. Taken away in the other order. */
export const kinds: readonly Kind[] = [tagKind, roleKind, profileKind, ...settingsKinds, savedQuery];
