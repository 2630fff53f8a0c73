import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { ApiTokenId, Instant, OrganizationId, SessionId, UserId } from '../ids.ts';
import { type Permission, permissions } from '../permissions.ts';
import { listOf, sortedBy, WholeList, WholeOrPage } from './paging.ts';

/**
 * How far somebody is with logging in. second-factor: the password was right, the second factor is yet to come. change-password, enrol:
 * logged in, but a password has to be chosen or a second factor set up before anything else.
 */
export const loginStages = ['second-factor', 'change-password', 'enrol', 'complete'] as const;
export const LoginStage = z.enum(loginStages);
export type LoginStage = z.infer<typeof LoginStage>;

/** What of it is kept with the session; the rest follows from the account. */
export type SessionStage = 'second-factor' | 'complete';

/** One that this program does not know, of a newer platform, does no harm. */
export const PermissionName = z.enum(permissions as [Permission, ...Permission[]]); // there are some

export const Me = z.object({
  userId: UserId,
  login: z.string(),
  name: z.string().default(''),
  organizationId: OrganizationId,
  organization: z.string(),
  role: z.string().meta({ description: 'Name of a built-in role, or the id of one of the organization' }),
  roleName: z.string().default(''),
  permissions: z.array(PermissionName).default([]),
  scope: z.string().nullable().default(null).meta({ description: 'Which assets may be seen, in the query language; null: all' }),
  stage: LoginStage.default('complete'),
});
export type Me = z.infer<typeof Me>;

export const logIn = endpoint({
  name: 'logIn',
  summary: 'Open a session; the reply sets the session cookie. A stage other than complete says what has to follow.',
  method: 'POST',
  path: '/session',
  permission: 'public',
  body: z.object({ login: z.string().min(1).max(200), password: z.string().min(1).max(1000) }),
  reply: Me,
  errors: ['LOGIN_FAILED', 'TOO_MANY_REQUESTS'],
});

export const getSession = endpoint({
  name: 'getSession',
  summary: 'Who is logged in, and what they may do.',
  method: 'GET',
  path: '/session',
  permission: 'login',
  reply: Me,
});

export const logOut = endpoint({
  name: 'logOut',
  summary: 'End the session.',
  method: 'DELETE',
  path: '/session',
  permission: 'login',
  reply: z.object({ ended: z.literal(true) }),
});

export const Session = z.object({
  sessionId: SessionId,
  createdAt: Instant,
  lastUsedAt: Instant,
  expiresAt: Instant,
  address: z.string(),
  userAgent: z.string(),
  isCurrent: z.boolean().meta({ description: 'The one that asks' }),
});
export type Session = z.infer<typeof Session>;

/** What becomes of API tokens where somebody is logged out everywhere. */
export const TokensToo = z.object({
  tokens: z
    .enum(['keep', 'revoke'])
    .default('keep')
    .meta({ description: 'revoke: API tokens, too, also the one that asks; otherwise they work on' }),
});

export const EndedSessions = z.object({
  ended: z.int().meta({ description: 'How many there were that could be used' }),
  revokedTokens: z.int().default(0).meta({ description: 'How many API tokens there were that could be used' }),
});
export type EndedSessions = z.infer<typeof EndedSessions>;

export const listSessions = endpoint({
  name: 'listSessions',
  summary: 'Sessions of the caller.',
  method: 'GET',
  path: '/account/sessions',
  permission: 'account',
  query: WholeList,
  reply: z.object({ items: z.array(Session) }),
});

export const endSession = endpoint({
  name: 'endSession',
  summary: 'End a session of the caller.',
  method: 'DELETE',
  path: '/account/sessions/:sessionId',
  permission: 'account',
  params: z.object({ sessionId: SessionId }),
  reply: z.object({ ended: z.literal(true) }),
  errors: ['NOT_FOUND'],
});

export const endSessions = endpoint({
  name: 'endSessions',
  summary:
    'Log out everywhere: end all sessions of the caller, the one that asks too. API tokens stay unless they are to be revoked. A token may ask where it may revoke tokens.',
  method: 'DELETE',
  path: '/account/sessions',
  permission: 'leave',
  query: TokensToo,
  reply: EndedSessions,
  errors: ['FORBIDDEN'],
});

export const changePassword = endpoint({
  name: 'changePassword',
  summary: 'Choose a new password; every other session of the caller ends.',
  method: 'POST',
  path: '/account/password',
  permission: 'account',
  body: z.object({ password: z.string().min(1).max(1000), newPassword: z.string().min(1).max(1000) }),
  reply: Me,
  errors: ['LOGIN_FAILED', 'TOO_MANY_REQUESTS'],
});

export const ApiToken = z.object({
  apiTokenId: ApiTokenId,
  name: z.string(),
  createdAt: Instant,
  expiresAt: Instant.nullable(),
  permissions: z.array(PermissionName).nullable().default(null).meta({ description: 'null: whatever its owner may' }),
  lastUsedAt: Instant.nullable().default(null).meta({ description: 'To the minute' }),
  lastAddress: z.string().nullable().default(null),
});
export type ApiToken = z.infer<typeof ApiToken>;

export const createApiToken = endpoint({
  name: 'createApiToken',
  summary: 'Create an API token with rights of its owner, all or some. The secret is shown once.',
  method: 'POST',
  path: '/api-tokens',
  permission: 'token:write',
  body: z.object({
    name: z.string().min(1).max(100),
    expiresInDays: z.int().min(1).max(3650).nullable().default(null),
    permissions: z.array(PermissionName).min(1).nullable().default(null).meta({ description: 'null: whatever its owner may' }),
  }),
  reply: ApiToken.extend({ secret: z.string() }),
  errors: ['FORBIDDEN', 'CONFLICT'],
});

/** `createdAt`: the oldest first. `expiresAt`: the soonest first. `lastUsedAt`: the latest first. */
export const ApiTokenSorting = z.enum(['createdAt', 'name', 'expiresAt', 'permissions', 'lastUsedAt']);
export type ApiTokenSorting = z.infer<typeof ApiTokenSorting>;

export const listApiTokens = endpoint({
  name: 'listApiTokens',
  summary: 'API tokens of the caller, without secrets.',
  method: 'GET',
  path: '/api-tokens',
  permission: 'token:write',
  query: WholeOrPage.extend(sortedBy(ApiTokenSorting.default('createdAt'))),
  reply: listOf(ApiToken),
});

export const deleteApiToken = endpoint({
  name: 'deleteApiToken',
  summary: 'Revoke an API token at once, and those that were made with it.',
  method: 'DELETE',
  path: '/api-tokens/:apiTokenId',
  permission: 'token:write',
  params: z.object({ apiTokenId: ApiTokenId }),
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND'],
});
