import { randomBytes, randomUUID } from 'node:crypto';
import {
  changeUser,
  createUser,
  deleteUser,
  endUserSessions,
  findBuiltInRole,
  listUsers,
  resetPassword,
  resetSecondFactors,
  type User,
} from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { forgiveLogin } from '../auth/login-guard.ts';
import { hashPassword } from '../auth/password.ts';
import type { Caller } from '../auth/authenticate.ts';
import { endSessionsOf, logOutEverywhere } from '../auth/store.ts';
import type { Context } from '../context.ts';
import { isUniqueViolation } from '../db/database-error.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { deleteAllFactors } from '../second-factors/store.ts';
import { checkUserScope, findRole, refuseBeyond } from './rights.ts';
import { insertUser } from './store.ts';
import { findUser, isLastManager, type ListedUser, listUsersOf } from './users-store.ts';

export function registerUsers(app: FastifyInstance, context: Context): void {
  const { db, clock } = context;

  serve(app, context, listUsers, async ({ query, caller: { organizationId } }) => {
    const { total, rows, next } = await listUsersOf(db, organizationId, query);
    return { total, items: rows.map(toUser), next };
  });

  serve(app, context, createUser, async ({ caller, body: { login, name, role, scope }, note }) => {
    const { organizationId } = caller;
    const rights = await roleOf(organizationId, role);
    refuseBeyond(caller, rights);
    checkUserScope(rights, scope, clock());
    const password = newPassword();
    const user = { id: randomUUID(), organizationId, login, name, role, scope, createdAt: clock(), mustChangePassword: true };
    try {
      await insertUser(db, { ...user, passwordHash: await hashPassword(password) });
    } catch (error) {
      if (isUniqueViolation(error)) throw new ApiError('CONFLICT', `The login "${login}" is taken`, { cause: error });
      throw error;
    }
    note({ userId: user.id });
    return { ...(await load(caller, user.id)), password };
  });

  serve(app, context, changeUser, async ({ caller, params: { userId }, body, note }) => {
    const before = await loadForChange(caller, userId);
    const rights = await roleOf(caller.organizationId, body.role ?? before.role);
    refuseBeyond(caller, rights);
    const scope = body.scope === undefined ? before.scope : body.scope;
    checkUserScope(rights, scope, clock());
    const disabledAt = body.disabled === undefined ? before.disabledAt : body.disabled ? (before.disabledAt ?? clock()) : null;
    const change = { name: body.name ?? before.name, role: body.role ?? before.role, scope, disabledAt };
    const remainsManager = change.role === 'manager' && disabledAt === null && scope === null;
    await db.transaction().execute(async (transaction) => {
      const key = { organizationId: caller.organizationId, userId };
      if (!remainsManager && (await isLastManager(transaction, key))) throw lastManager();
      await transaction
        .updateTable('appUser')
        .set(change)
        .where('organizationId', '=', caller.organizationId)
        .where('id', '=', userId)
        .execute();
      if (disabledAt) await endSessionsOf(transaction, userId);
    });
    const { name, role, scope: oldScope, disabledAt: oldDisabledAt } = before;
    note({
      before: { name, role, scope: oldScope, disabled: oldDisabledAt !== null },
      after: { ...change, disabled: disabledAt !== null },
    });
    return load(caller, userId);
  });

  serve(app, context, resetPassword, async ({ caller, params: { userId }, note }) => {
    const user = await loadForChange(caller, userId);
    const password = newPassword();
    const passwordHash = await hashPassword(password);
    await db.transaction().execute(async (transaction) => {
      await transaction.updateTable('appUser').set({ passwordHash, mustChangePassword: true }).where('id', '=', userId).execute();
      await endSessionsOf(transaction, userId);
    });
    await forgiveLogin(db, user.login);
    note({ login: user.login });
    return { password };
  });

  serve(app, context, resetSecondFactors, async ({ caller, params: { userId }, note }) => {
    const { login, secondFactors } = await loadForChange(caller, userId);
    await db.transaction().execute(async (transaction) => {
      await deleteAllFactors(transaction, userId);
      await endSessionsOf(transaction, userId);
    });
    note({ login, before: { secondFactors } });
    return { reset: true as const };
  });

  serve(app, context, endUserSessions, async ({ caller, params: { userId }, query: { tokens }, note }) => {
    const { login } = await loadForChange(caller, userId);
    const done = await logOutEverywhere(db, { userId }, { tokens, now: clock() });
    note({ login, ...done });
    return done;
  });

  serve(app, context, deleteUser, async ({ caller, params: { userId }, note }) => {
    const user = await loadForChange(caller, userId);
    const { organizationId } = caller;
    await db.transaction().execute(async (transaction) => {
      if (await isLastManager(transaction, { organizationId, userId })) throw lastManager();
      await transaction.deleteFrom('appUser').where('organizationId', '=', organizationId).where('id', '=', userId).execute();
    });
    note({ before: { login: user.login, role: user.role, scope: user.scope } });
    return { deleted: true as const };
  });

  async function roleOf(organizationId: string, role: string) {
    const found = await findRole(db, organizationId, role);
    if (!found) throw new ApiError('BAD_REQUEST', `There is no role "${role}"; see listRoles`);
    return found;
  }

  async function find({ organizationId }: Caller, userId: string): Promise<ListedUser> {
    const user = await findUser(db, { organizationId, userId });
    if (!user) throw new ApiError('NOT_FOUND', `There is no user ${userId}.`);
    return user;
  }

  async function load(caller: Caller, userId: string): Promise<User> {
    return toUser(await find(caller, userId));
  }

  async function loadForChange(caller: Caller, userId: string): Promise<ListedUser> {
    const user = await find(caller, userId);
    const rights = await findRole(db, caller.organizationId, user.role);
    if (rights) refuseBeyond(caller, rights);
    return user;
  }
}

function lastManager(): ApiError {
  return new ApiError('CONFLICT', 'Without this user nobody could decide about users and roles: make another manager first');
}

function newPassword(): string {
  return randomBytes(15).toString('base64url');
}

function toUser(row: ListedUser): User {
  const { id, login, name, role, scope, hasPassword, secondFactors } = row;
  return {
    userId: id as User['userId'], // an id of our own
    login,
    name,
    role,
    roleName: findBuiltInRole(role)?.name ?? row.customRole ?? '',
    scope,
    createdAt: row.createdAt.toISOString(),
    lastLogin: row.lastLogin?.toISOString() ?? null,
    disabledAt: row.disabledAt?.toISOString() ?? null,
    hasPassword,
    secondFactors,
  };
}
