import { listRoles, RoleId } from '@vedette/protocol';
import type { Client } from '../api/connect.ts';

/** Ids of the organization's own roles by their names; the built-in ones are no configuration. */
export async function roleIds(client: Client): Promise<ReadonlyMap<string, RoleId>> {
  const { items } = await client.call(listRoles, {});
  return new Map(items.filter(({ isBuiltIn }) => !isBuiltIn).map(({ name, role }) => [name, RoleId.parse(role)]));
}
