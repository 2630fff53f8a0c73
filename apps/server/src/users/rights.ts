import { findBuiltInRole, type Permission, permissionMeanings } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import { parseScope } from '../auth/resolve-scope.ts';
import type { Caller } from '../auth/authenticate.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';

/** What a role gives, wherever it comes from. */
export interface RoleRights {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly scope: string | null;
  readonly needsScope: boolean;
}

/** A role by its name or id; null where the organization has none such. */
export async function findRole(db: Kysely<Database>, organizationId: string, role: string): Promise<RoleRights | null> {
  const builtIn = findBuiltInRole(role);
  if (builtIn) return { ...builtIn, scope: null, needsScope: builtIn.needsScope ?? false };
  if (!/^[0-9a-f-]{36}$/.test(role)) return null;
  const row = await db
    .selectFrom('role')
    .select(['name', 'permissions', 'scope'])
    .where('organizationId', '=', organizationId)
    .where('id', '=', role)
    .executeTakeFirst();
  return row ? { ...row, needsScope: false } : null;
}

/**
 * Whoever manages users gives and takes every role but those that decide about roles: these take one who may all that they may. Otherwise
 * a user administrator, or who may decide about roles and users alone, could make himself a manager. Throws ApiError FORBIDDEN.
 */
export function refuseBeyond({ permissions }: Caller, role: Pick<RoleRights, 'name' | 'permissions'>): void {
  if (!role.permissions.includes('role:write')) return;
  const held: ReadonlySet<string> = permissions;
  if (role.permissions.every((one) => held.has(one))) return;
  const message = `The role "${role.name}" decides about roles: only those who may all that it may give, take or touch it`;
  throw new ApiError('FORBIDDEN', message);
}

/** Nobody makes a role of what he may not himself. Throws ApiError FORBIDDEN or BAD_REQUEST. */
export function checkRole(
  caller: Caller,
  role: { readonly permissions: readonly Permission[]; readonly scope: string | null },
  now: Date,
): void {
  const beyond = role.permissions.filter((one) => !caller.permissions.has(one));
  if (beyond.length > 0) throw new ApiError('FORBIDDEN', `You may not yourself: ${beyond.join(', ')}`);
  if (role.scope === null) return;
  parseScope(role.scope, now);
  const whole = role.permissions.filter((one) => permissionMeanings[one].whole);
  if (whole.length > 0) {
    const message = `About the whole organization, so not for a role that sees only some assets: ${whole.join(', ')}`;
    throw new ApiError('BAD_REQUEST', message);
  }
}

/** Throws ApiError BAD_REQUEST. */
export function checkUserScope(role: RoleRights, scope: string | null, now: Date): void {
  if (scope !== null) parseScope(scope, now);
  else if (role.needsScope) throw new ApiError('BAD_REQUEST', `A user with the role "${role.name}" needs a scope: which assets`);
}
