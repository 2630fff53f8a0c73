import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { Instant, RoleId, UserId } from '../ids.ts';
import { listOf, QueryText, sortedBy, WholeList, WholeOrPage } from './paging.ts';
import { EndedSessions, PermissionName, TokensToo } from './session.ts';

const Scope = QueryText.unwrap()
  .nullable()
  .meta({ description: 'Which assets may be seen, in the query language; null: all of them' });

export const Role = z.object({
  role: z.string().meta({ description: 'Name of a built-in role, or the id of one of the organization' }),
  name: z.string(),
  describes: z.string(),
  isBuiltIn: z.boolean(),
  needsScope: z.boolean(),
  permissions: z.array(PermissionName),
  scope: z.string().nullable(),
  users: z.int().meta({ description: 'Who have it' }),
});
export type Role = z.infer<typeof Role>;

/** What a role is made of. */
export const RoleInput = z.object({
  name: z.string().trim().min(1).max(100),
  describes: z.string().max(500).default(''),
  permissions: z.array(PermissionName).min(1),
  scope: Scope.default(null),
});

export const listRoles = endpoint({
  name: 'listRoles',
  summary: 'Roles: those that every organization has, and its own.',
  method: 'GET',
  path: '/roles',
  permission: 'role:read',
  query: WholeList,
  reply: z.object({ items: z.array(Role) }),
});

export const createRole = endpoint({
  name: 'createRole',
  summary: 'Make a role from permissions that the caller has, and which assets it is for.',
  method: 'POST',
  path: '/roles',
  permission: 'role:write',
  body: RoleInput,
  reply: Role,
  errors: ['CONFLICT', 'FORBIDDEN'],
});

export const changeRole = endpoint({
  name: 'changeRole',
  summary: 'Change a role of the organization; it counts at once for all who have it.',
  method: 'POST',
  path: '/roles/:roleId',
  permission: 'role:write',
  params: z.object({ roleId: RoleId }),
  body: RoleInput,
  reply: Role,
  errors: ['NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
});

export const deleteRole = endpoint({
  name: 'deleteRole',
  summary: 'Remove a role that nobody has any more.',
  method: 'DELETE',
  path: '/roles/:roleId',
  permission: 'role:write',
  params: z.object({ roleId: RoleId }),
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND', 'CONFLICT'],
});

export const User = z.object({
  userId: UserId,
  login: z.string(),
  name: z.string(),
  role: z.string(),
  roleName: z.string(),
  scope: z.string().nullable().meta({ description: 'Of this user, beside that of the role; null: none' }),
  createdAt: Instant,
  lastLogin: Instant.nullable(),
  disabledAt: Instant.nullable(),
  hasPassword: z.boolean(),
  secondFactors: z.int(),
});
export type User = z.infer<typeof User>;

/** `lastLogin`, `createdAt`, `secondFactors`: the latest and most first. */
export const UserSorting = z.enum(['login', 'name', 'role', 'scope', 'secondFactors', 'lastLogin', 'state', 'createdAt']);
export type UserSorting = z.infer<typeof UserSorting>;

export const listUsers = endpoint({
  name: 'listUsers',
  summary: 'Users of the organization.',
  method: 'GET',
  path: '/users',
  permission: 'user:read',
  query: WholeOrPage.extend(sortedBy(UserSorting.default('login'))),
  reply: listOf(User),
});

export const createUser = endpoint({
  name: 'createUser',
  summary: 'Make a user. The password is shown once, and has to be changed at the first login.',
  method: 'POST',
  path: '/users',
  permission: 'user:write',
  body: z.object({
    login: z
      .string()
      .trim()
      .regex(/^[\w.@+-]{1,100}$/, 'must be 1 to 100 letters, digits or . _ @ + -'),
    name: z.string().trim().max(200).default(''),
    role: z.string().min(1).max(100),
    scope: Scope.default(null),
  }),
  reply: User.extend({ password: z.string() }),
  errors: ['CONFLICT', 'FORBIDDEN'],
});

export const changeUser = endpoint({
  name: 'changeUser',
  summary: 'Change a user; what is left out stays. A disabled one is refused everywhere at once.',
  method: 'POST',
  path: '/users/:userId',
  permission: 'user:write',
  params: z.object({ userId: UserId }),
  body: z.object({
    name: z.string().trim().max(200).optional(),
    role: z.string().min(1).max(100).optional(),
    scope: Scope.optional(),
    disabled: z.boolean().optional(),
  }),
  reply: User,
  errors: ['NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
});

export const resetPassword = endpoint({
  name: 'resetPassword',
  summary: 'Give a user a new password, shown once; their sessions end and failed logins are forgotten.',
  method: 'POST',
  path: '/users/:userId/password',
  permission: 'user:write',
  params: z.object({ userId: UserId }),
  reply: z.object({ password: z.string() }),
  errors: ['NOT_FOUND', 'FORBIDDEN'],
});

export const endUserSessions = endpoint({
  name: 'endUserSessions',
  summary:
    'Log a user out everywhere: end all their sessions. Their API tokens stay unless they are to be revoked; disabling a user refuses these, too.',
  method: 'DELETE',
  path: '/users/:userId/sessions',
  permission: 'user:write',
  params: z.object({ userId: UserId }),
  query: TokensToo,
  reply: EndedSessions,
  errors: ['NOT_FOUND', 'FORBIDDEN'],
});

export const deleteUser = endpoint({
  name: 'deleteUser',
  summary: 'Remove a user with their sessions and API tokens; the audit log keeps their login.',
  method: 'DELETE',
  path: '/users/:userId',
  permission: 'user:write',
  params: z.object({ userId: UserId }),
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
});
