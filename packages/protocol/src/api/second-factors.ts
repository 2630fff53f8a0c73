import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { Instant, SecondFactorId, UserId } from '../ids.ts';
import { Me } from './session.ts';
import { WholeList } from './paging.ts';

export const SecondFactor = z.object({
  secondFactorId: SecondFactorId,
  kind: z
    .enum(['totp', 'webauthn'])
    .meta({ description: 'totp: a program that shows codes (RFC 6238); webauthn: a key or passkey' }),
  name: z.string(),
  createdAt: Instant,
  lastUsedAt: Instant.nullable(),
});
export type SecondFactor = z.infer<typeof SecondFactor>;

const Name = z.string().trim().min(1).max(100);
/** As the browser's Web Authentication API takes and gives it (WebAuthn Level 3, 5.1); judged by the library. */
const WebauthnJson = z.record(z.string(), z.unknown());
const RecoveryCodes = z
  .array(z.string())
  .nullable()
  .meta({ description: 'Shown once, with the first second factor: each opens the account once where that is lost' });

export const listSecondFactors = endpoint({
  name: 'listSecondFactors',
  summary: 'Second factors of the caller.',
  method: 'GET',
  path: '/account/second-factors',
  permission: 'account',
  query: WholeList,
  reply: z.object({
    items: z.array(SecondFactor),
    recoveryCodes: z.int().meta({ description: 'Unused ones' }),
    isRequired: z.boolean().meta({ description: 'The role asks for one' }),
  }),
});

export const startTotp = endpoint({
  name: 'startTotp',
  summary: 'Begin to set up a program that shows codes; a code of it has to follow within ten minutes.',
  method: 'POST',
  path: '/account/second-factors/totp',
  permission: 'account',
  reply: z.object({
    secret: z.string().meta({ description: 'In base 32' }),
    uri: z.string().meta({ description: 'otpauth://, for a QR code' }),
  }),
  errors: ['FORBIDDEN'],
});

export const confirmTotp = endpoint({
  name: 'confirmTotp',
  summary: 'Keep the program that shows codes, by one of its codes.',
  method: 'POST',
  path: '/account/second-factors/totp/confirmation',
  permission: 'account',
  body: z.object({ name: Name, code: z.string().regex(/^\d{6}$/, 'must be six figures') }),
  reply: SecondFactor.extend({ recoveryCodes: RecoveryCodes }),
  errors: ['CONFLICT', 'FORBIDDEN'],
});

export const startWebauthn = endpoint({
  name: 'startWebauthn',
  summary: 'Begin to register a key or passkey: options for the browser.',
  method: 'POST',
  path: '/account/second-factors/webauthn/options',
  permission: 'account',
  reply: z.object({ options: WebauthnJson }),
  errors: ['CONFLICT', 'FORBIDDEN'],
});

export const confirmWebauthn = endpoint({
  name: 'confirmWebauthn',
  summary: 'Keep the key or passkey that the browser made.',
  method: 'POST',
  path: '/account/second-factors/webauthn',
  permission: 'account',
  body: z.object({ name: Name, response: WebauthnJson }),
  reply: SecondFactor.extend({ recoveryCodes: RecoveryCodes }),
  errors: ['CONFLICT', 'FORBIDDEN'],
});

export const deleteSecondFactor = endpoint({
  name: 'deleteSecondFactor',
  summary: 'Give up a second factor; with the last one the recovery codes go too.',
  method: 'DELETE',
  path: '/account/second-factors/:secondFactorId',
  permission: 'account',
  params: z.object({ secondFactorId: SecondFactorId }),
  reply: z.object({ deleted: z.literal(true) }),
  errors: ['NOT_FOUND', 'FORBIDDEN'],
});

export const makeRecoveryCodes = endpoint({
  name: 'makeRecoveryCodes',
  summary: 'New recovery codes, shown once; those of before no longer count.',
  method: 'POST',
  path: '/account/recovery-codes',
  permission: 'account',
  reply: z.object({ recoveryCodes: z.array(z.string()) }),
  errors: ['CONFLICT', 'FORBIDDEN'],
});

export const askSecondFactor = endpoint({
  name: 'askSecondFactor',
  summary: 'Which second factors the login can go on with, and a challenge for a key or passkey.',
  method: 'GET',
  path: '/session/second-factor',
  permission: 'login',
  reply: z.object({
    methods: z.array(z.enum(['totp', 'webauthn', 'recovery-code'])),
    webauthn: WebauthnJson.nullable().meta({ description: 'Options for the browser' }),
  }),
  errors: ['CONFLICT'],
});

export const giveSecondFactor = endpoint({
  name: 'giveSecondFactor',
  summary: 'Complete the login with one of the second factors, or with a recovery code.',
  method: 'POST',
  path: '/session/second-factor',
  permission: 'login',
  body: z.union([
    z.object({ code: z.string().regex(/^\d{6}$/, 'must be six figures') }),
    z.object({ recoveryCode: z.string().min(16).max(40) }),
    z.object({ response: WebauthnJson }),
  ]),
  reply: Me,
  errors: ['LOGIN_FAILED', 'CONFLICT', 'TOO_MANY_REQUESTS'],
});

export const resetSecondFactors = endpoint({
  name: 'resetSecondFactors',
  summary: 'Take all second factors and recovery codes from a user who lost them; their sessions end.',
  method: 'DELETE',
  path: '/users/:userId/second-factors',
  permission: 'user:write',
  params: z.object({ userId: UserId }),
  reply: z.object({ reset: z.literal(true) }),
  errors: ['NOT_FOUND', 'FORBIDDEN'],
});

export const LoginRules = z.object({
  secondFactorRoles: z
    .array(z.string().max(100))
    .max(200)
    .meta({ description: 'Roles, by name or id: whoever has one must have a second factor' }),
});

export const getLoginRules = endpoint({
  name: 'getLoginRules',
  summary: 'Which roles must have a second factor.',
  method: 'GET',
  path: '/login-rules',
  permission: 'role:read',
  reply: LoginRules,
});

export const setLoginRules = endpoint({
  name: 'setLoginRules',
  summary: 'Say which roles must have a second factor; it counts at once, also for those who are logged in.',
  method: 'POST',
  path: '/login-rules',
  permission: 'role:write',
  body: LoginRules,
  reply: LoginRules,
  errors: ['BAD_REQUEST'],
});

export const getLoginMethods = endpoint({
  name: 'getLoginMethods',
  summary: 'How one can log in, beside login and password.',
  method: 'GET',
  path: '/login-methods',
  permission: 'public',
  reply: z.object({
    oidc: z.object({ name: z.string(), address: z.string().meta({ description: 'Where the browser has to go' }) }).nullable(),
  }),
});
