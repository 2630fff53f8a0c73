import {
  Deadlines,
  ExceptionRules,
  findBuiltInRole,
  getDeadlines,
  getExceptionRules,
  getLoginRules,
  getReleaseRules,
  LoginRules,
  ReleaseRule,
  setDeadlines,
  setExceptionRules,
  setLoginRules,
  setReleaseRules,
} from '@vedette/protocol';
import { z } from 'zod';
import type { Client } from '../api/connect.ts';
import type { Kind, Spec } from './kind.ts';
import { roleIds } from './role-ids.ts';

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

const releaseRules: Kind = {
  ...settings('ReleaseRules', ReleaseRulesSpec, {
    get: (client) => client.call(getReleaseRules, {}),
    set: (client, body) => client.call(setReleaseRules, { body }),
  }),
  calls: () => 'a release rule',
  tags(spec) {
    const named = ReleaseRulesSpec.parse(spec).rules.flatMap(({ tags }) => tags);
    return { named, askedFor: (names) => [...names].filter((name) => named.includes(name)) };
  },
};

const LoginRulesSpec = z.strictObject({
  // Their order means nothing, and would show as a difference.
  secondFactorRoles: LoginRules.shape.secondFactorRoles.transform((roles) => [...new Set(roles)].toSorted()),
});

/** Roles of the organization by their names, which are the same on every platform; the platform knows them by id. */
const loginRules: Kind = {
  ...settings('LoginRules', LoginRulesSpec, {
    async get(client) {
      const [{ secondFactorRoles }, ids] = [await client.call(getLoginRules, {}), await roleIds(client)];
      const names = new Map([...ids].map(([name, id]) => [`${id}`, name]));
      return { secondFactorRoles: secondFactorRoles.map((role) => names.get(role) ?? role).toSorted() };
    },
    async set(client, { secondFactorRoles }) {
      const ids = await roleIds(client);
      const body = { secondFactorRoles: secondFactorRoles.map((role) => ids.get(role) ?? role) };
      await client.call(setLoginRules, { body });
    },
  }),
  roles: (spec) => LoginRulesSpec.parse(spec).secondFactorRoles.filter((role) => !findBuiltInRole(role)),
};

export const settingsKinds: readonly Kind[] = [
  releaseRules,
  settings('Deadlines', z.strictObject(Deadlines.shape), {
    get: (client) => client.call(getDeadlines, {}),
    set: (client, body) => client.call(setDeadlines, { body }),
  }),
  settings('ExceptionRules', z.strictObject(ExceptionRules.shape), {
    get: (client) => client.call(getExceptionRules, {}),
    set: (client, body) => client.call(setExceptionRules, { body }),
  }),
  loginRules,
];
