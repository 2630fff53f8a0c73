import {
  changeProfile,
  changeRole,
  createProfile,
  createRole,
  deleteProfile,
  deleteRole,
  deleteSavedQuery,
  deleteTag,
  Deadlines,
  ExceptionRules,
  getDeadlines,
  getExceptionRules,
  getLoginRules,
  getReleaseRules,
  listProfiles,
  listRoles,
  listSavedQueries,
  listTags,
  QueryEntity,
  LoginRules,
  type Profile,
  ProfileInput,
  ReleaseRule,
  RoleId,
  RoleInput,
  saveQuery,
  saveTag,
  setDeadlines,
  setExceptionRules,
  setLoginRules,
  setReleaseRules,
  Tag,
} from '@vedette/protocol';
import { type EntityName, parseQuery, pointAt, QueryError } from '@vedette/query';
import { z } from 'zod';
import type { Client } from '../api/connect.ts';
import { CliError } from '../errors.ts';

export type Spec = Readonly<Record<string, unknown>>;

/** A kind of thing that can be kept as a file. */
export interface Kind {
  readonly kind: string;
  /** Of its name; a kind of which there is only one has a fixed name. */
  readonly name: z.ZodType<string>;
  /** What a document may say; unknown fields are refused, missing ones get their defaults. */
  readonly spec: z.ZodType<Spec>;
  /** What the platform holds now, by name, with every field of `spec`. */
  list(client: Client): Promise<ReadonlyMap<string, Spec>>;
  save(client: Client, name: string, spec: Spec): Promise<void>;
  /** Missing where there is always exactly one. */
  delete?(client: Client, name: string): Promise<void>;
}

/** A query that cannot be understood is a fault of the file, found before anything is sent. */
function assetQuery(text: string, context: z.RefinementCtx): void {
  understood(text, 'asset', context);
}

function understood(text: string, about: EntityName, context: z.RefinementCtx): void {
  try {
    parseQuery(text, about, Date.now());
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    context.addIssue({ code: 'custom', message: `cannot be understood\n${pointAt(text, error)}` });
  }
}

const AssetQuery = z.string().max(4096).superRefine(assetQuery).nullable().default(null);

const TagSpec = z.strictObject({ ...Tag.omit({ name: true }).shape, query: AssetQuery });

const tag: Kind = {
  kind: 'Tag',
  name: Tag.shape.name,
  spec: TagSpec,
  async list(client) {
    const { items } = await client.call(listTags, {});
    const defined = items.filter(({ isDefined }) => isDefined);
    return new Map(
      defined.map(({ name, description, query, criticality, exposure }) => [name, { description, query, criticality, exposure }]),
    );
  },
  async save(client, name, spec) {
    await client.call(saveTag, { params: { name }, body: TagSpec.parse(spec) });
  },
  async delete(client, name) {
    await client.call(deleteTag, { params: { name } });
  },
};

/** A kind of which there is always exactly one, called "default". */
function settings<Value extends Spec>(
  kind: string,
  spec: z.ZodType<Value>,
  { get, set }: { get: (client: Client) => Promise<Spec>; set: (client: Client, value: Value) => Promise<unknown> },
): Kind {
  return {
    kind,
    name: z.literal('default'),
    spec,
    list: async (client) => new Map([['default', await get(client)]]),
    save: async (client, _name, value) => void (await set(client, spec.parse(value))),
  };
}

const ReleaseRulesSpec = z.strictObject({ rules: z.array(z.strictObject(ReleaseRule.shape)).max(100) });

const allSettings: readonly Kind[] = [
  settings('ReleaseRules', ReleaseRulesSpec, {
    get: (client) => client.call(getReleaseRules, {}),
    set: (client, body) => client.call(setReleaseRules, { body }),
  }),
  settings('Deadlines', z.strictObject(Deadlines.shape), {
    get: (client) => client.call(getDeadlines, {}),
    set: (client, body) => client.call(setDeadlines, { body }),
  }),
  settings('ExceptionRules', z.strictObject(ExceptionRules.shape), {
    get: (client) => client.call(getExceptionRules, {}),
    set: (client, body) => client.call(setExceptionRules, { body }),
  }),
  settings('LoginRules', z.strictObject(LoginRules.shape), {
    get: (client) => client.call(getLoginRules, {}),
    set: (client, body) => client.call(setLoginRules, { body }),
  }),
];

const RoleSpec = z.strictObject({
  ...RoleInput.omit({ name: true }).shape,
  // Their order means nothing, and would show as a difference.
  permissions: RoleInput.shape.permissions.transform((permissions) => [...new Set(permissions)].toSorted()),
  scope: AssetQuery,
});

/** Ids of the organization's own roles by their names; the built-in ones are no configuration. */
async function roleIds(client: Client): Promise<ReadonlyMap<string, RoleId>> {
  const { items } = await client.call(listRoles, {});
  return new Map(items.filter(({ isBuiltIn }) => !isBuiltIn).map(({ name, role }) => [name, RoleId.parse(role)]));
}

const role: Kind = {
  kind: 'Role',
  name: RoleInput.shape.name,
  spec: RoleSpec,
  async list(client) {
    const { items } = await client.call(listRoles, {});
    const own = items.filter(({ isBuiltIn }) => !isBuiltIn);
    return new Map(
      own.map(({ name, describes, permissions, scope }) => [name, { describes, permissions: permissions.toSorted(), scope }]),
    );
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

const profile: Kind = {
  kind: 'Profile',
  name: ProfileInput.shape.name,
  spec: ProfileSpec,
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
    query: z.string().min(1).max(4096),
    onDashboard: z.boolean().default(false),
  })
  .superRefine(({ about, query }, context) => understood(query, about, context));

/** Of whoever applies them, for everybody. */
const savedQuery: Kind = {
  kind: 'SavedQuery',
  name: z.string().trim().min(1).max(100),
  spec: SavedQuerySpec,
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
export const kinds: readonly Kind[] = [tag, role, profile, ...allSettings, savedQuery];
