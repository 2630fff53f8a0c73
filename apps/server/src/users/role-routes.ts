import { randomUUID } from 'node:crypto';
import { builtInRoles, changeRole, createRole, deleteRole, listRoles, type Role, type RoleId } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Selectable } from 'kysely';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { isUniqueViolation } from '../db/database-error.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { checkRole } from './rights.ts';
import { countUsersByRole, listRolesOf } from './users-store.ts';

type Input = z.output<typeof createRole.body>;

export function registerRoles(app: FastifyInstance, context: Context): void {
  const { db, clock } = context;

  serve(app, context, listRoles, async ({ caller: { organizationId } }) => {
    const users = await countUsersByRole(db, organizationId);
    const builtIn = Object.entries(builtInRoles).map(([role, { name, describes, permissions, ...rest }]): Role => {
      const needsScope = 'needsScope' in rest;
      return {
        role,
        name,
        describes,
        isBuiltIn: true,
        needsScope,
        permissions: [...permissions],
        scope: null,
        users: users.get(role) ?? 0,
      };
    });
    const own = (await listRolesOf(db, organizationId)).map((row) => toRole(row, users.get(row.id) ?? 0));
    return { items: [...builtIn, ...own] };
  });

  serve(app, context, createRole, async ({ caller, body, note }) => {
    checkRole(caller, body, clock());
    const now = clock();
    const row = { ...columns(body), organizationId: caller.organizationId, id: randomUUID(), createdAt: now, changedAt: now };
    await unlessTaken(body.name, () => db.insertInto('role').values(row).execute());
    note({ roleId: row.id });
    return toRole(row, 0);
  });

  serve(app, context, changeRole, async ({ caller, params: { roleId }, body, note }) => {
    checkRole(caller, body, clock());
    const before = await find(caller.organizationId, roleId);
    const row = { ...before, ...columns(body), changedAt: clock() };
    await unlessTaken(body.name, () =>
      db.updateTable('role').set(row).where('organizationId', '=', caller.organizationId).where('id', '=', roleId).execute(),
    );
    note({ before: columns(before), after: columns(body) });
    return toRole(row, (await countUsersByRole(db, caller.organizationId)).get(roleId) ?? 0);
  });

  serve(app, context, deleteRole, async ({ caller: { organizationId }, params: { roleId }, note }) => {
    const before = await find(organizationId, roleId);
    const users = (await countUsersByRole(db, organizationId)).get(roleId) ?? 0;
    if (users > 0) throw new ApiError('CONFLICT', `${users} users have the role "${before.name}": give them another first`);
    await db.deleteFrom('role').where('organizationId', '=', organizationId).where('id', '=', roleId).execute();
    note({ before: columns(before) });
    return { deleted: true as const };
  });

  async function find(organizationId: string, roleId: string) {
    const row = (await listRolesOf(db, organizationId)).find(({ id }) => id === roleId);
    if (!row) throw new ApiError('NOT_FOUND', `There is no role ${roleId}.`);
    return row;
  }
}

async function unlessTaken(name: string, write: () => Promise<unknown>): Promise<void> {
  const isBuiltIn = Object.values(builtInRoles).some((one) => one.name.toLowerCase() === name.toLowerCase());
  if (isBuiltIn) throw new ApiError('CONFLICT', `Every organization has a role "${name}"`);
  try {
    await write();
  } catch (error) {
    if (isUniqueViolation(error)) throw new ApiError('CONFLICT', `There is a role "${name}" already`, { cause: error });
    throw error;
  }
}

function columns({ name, describes, permissions, scope }: Omit<Input, 'permissions'> & { permissions: string[] }) {
  return { name, describes, permissions, scope };
}

function toRole(row: Selectable<Database['role']>, users: number): Role {
  const { id, name, describes, permissions, scope } = row;
  const known = permissions as Role['permissions']; // checked when they were written
  return { role: id as RoleId, name, describes, isBuiltIn: false, needsScope: false, permissions: known, scope, users };
}
