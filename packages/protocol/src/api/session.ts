import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { ApiTokenId, Instant, OrganizationId, UserId } from '../ids.ts';

export const Me = z.object({
  userId: UserId,
  login: z.string(),
  organizationId: OrganizationId,
  organization: z.string(),
  role: z.enum(['manager', 'reader']),
});
export type Me = z.infer<typeof Me>;

export const logIn = endpoint({
  name: 'logIn',
  summary: 'Open a session; the reply sets the session cookie.',
  method: 'POST',
  path: '/session',
  permission: 'public',
  body: z.object({ login: z.string().min(1).max(200), password: z.string().min(1).max(1000) }),
  reply: Me,
  errors: ['LOGIN_FAILED', 'TOO_MANY_REQUESTS'],
});

export const getSession = endpoint({
  name: 'getSession',
  summary: 'Who is logged in.',
  method: 'GET',
  path: '/session',
  permission: 'session',
  reply: Me,
});

export const logOut = endpoint({
  name: 'logOut',
  summary: 'End the session.',
  method: 'DELETE',
  path: '/session',
  permission: 'session',
  reply: z.object({ ended: z.literal(true) }),
});

export const ApiToken = z.object({
  apiTokenId: ApiTokenId,
  name: z.string(),
  createdAt: Instant,
  expiresAt: Instant.nullable(),
});
export type ApiToken = z.infer<typeof ApiToken>;

export const createApiToken = endpoint({
  name: 'createApiToken',
  summary: 'Create an API token with the rights of its owner. The secret is shown once.',
  method: 'POST',
  path: '/api-tokens',
  permission: 'token:write',
  body: z.object({ name: z.string().min(1).max(100), expiresInDays: z.int().min(1).max(3650).nullable().default(null) }),
  reply: ApiToken.extend({ secret: z.string() }),
});

export const listApiTokens = endpoint({
  name: 'listApiTokens',
  summary: 'API tokens of the caller, without secrets.',
  method: 'GET',
  path: '/api-tokens',
  permission: 'token:write',
  reply: z.object({ items: z.array(ApiToken) }),
});

export const deleteApiToken = endpoint({
  name: 'deleteApiToken',
  summary: 'Revoke an API token at once.',
  method: 'DELETE',
  path: '/api-tokens/:apiTokenId',
  permission: 'token:write',
  params: z.object({ apiTokenId: ApiTokenId }),
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND'],
});
