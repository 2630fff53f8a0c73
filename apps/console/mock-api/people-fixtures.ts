import { builtInRoles, type ChainedAuditEvent, type Role, type SecondFactor, type Session, type User } from '@vedette/protocol';
import { at, me } from './fixtures.ts';

const uuid = (kind: number, number: number) => `0000001${kind}-0000-4000-8000-${String(number).padStart(12, '0')}` as never; // fixtures mint ids

export const users: User[] = [
  ['admin', 'Ada', 'manager', null, 0],
  ['grace', 'Grace', 'unit-manager', 'tag:web or hostname:web*', 1],
  ['linus', 'Linus', 'scanner', null, 2],
  ['eve', '', 'reader', null, null],
].map(([login, name, role, scope, secondFactors], index) => ({
  userId: uuid(1, index + 1),
  login: String(login),
  name: String(name),
  role: String(role),
  roleName: builtInRoles[role as 'manager'].name,
  scope: scope as string | null,
  createdAt: at(40),
  lastLogin: index === 3 ? null : at(index),
  disabledAt: index === 3 ? at(4) : null,
  hasPassword: true,
  secondFactors: Number(secondFactors),
}));

const roles: Role[] = [
  ...Object.entries(builtInRoles).map(([role, { name, describes, permissions, ...rest }]) => ({
    role,
    name,
    describes,
    permissions: [...permissions],
    isBuiltIn: true,
    scope: null,
    needsScope: 'needsScope' in rest,
    users: users.filter((user) => user.role === role).length,
  })),
  {
    role: uuid(2, 1),
    name: 'Web team',
    describes: 'Looks after the web servers.',
    isBuiltIn: false,
    needsScope: false,
    permissions: ['asset:read', 'asset:scan', 'detection:read'],
    scope: 'tag:web',
    users: 0,
  },
];

const actions = ['logIn', 'createUser', 'changeRole', 'createActivationKey', 'revokeAgent'] as const;
const events: ChainedAuditEvent[] = Array.from({ length: 12 }, (_, index) => ({
  organizationId: me.organizationId,
  number: 12 - index,
  at: at(index / 4),
  action: actions[index % actions.length] ?? 'logIn',
  outcome: index === 3 ? 'refused' : 'done',
  actor: {
    userId: me.userId,
    login: index % 3 === 1 ? 'grace' : 'admin',
    via: 'session',
    address: '192.0.2.7',
    userAgent: 'Firefox',
  },
  target: Object.fromEntries(index % 2 === 0 ? [] : [['userId', String(users[1]?.userId)]]),
  detail: { input: { name: 'web', password: '[secret]' } },
  hash: index.toString(16).repeat(64).slice(0, 64),
}));

let sessions: Session[] = [0, 1].map((number) => ({
  sessionId: uuid(3, number),
  createdAt: at(number / 10),
  lastUsedAt: at(0),
  expiresAt: at(-0.5),
  address: `192.0.2.${7 + number}`,
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  isCurrent: number === 0,
}));
let factors: SecondFactor[] = [
  { secondFactorId: uuid(4, 1), kind: 'webauthn', name: 'Security key', createdAt: at(9), lastUsedAt: at(0) },
];
let required: string[] = ['manager'];

/** People, as far as a mock knows any. */
export const peopleHandlers = {
  getLoginMethods: () => ({ oidc: { name: 'Example ID', address: '/api/v1/login/oidc' } }),
  listUsers: () => ({ items: users }),
  createUser: () => ({ ...users[3], password: 'vJx0p4Yw7sQ2nKfT' }),
  changeUser: () => users[1],
  resetPassword: () => ({ password: 'vJx0p4Yw7sQ2nKfT' }),
  resetSecondFactors: () => ({ reset: true }),
  listRoles: () => ({ items: roles }),
  createRole: () => roles.at(-1),
  getLoginRules: () => ({ secondFactorRoles: required }),
  setLoginRules: ({ body }: { body: Readonly<Record<string, unknown>> }) => ({
    secondFactorRoles: (required = body['secondFactorRoles'] as string[]),
  }), // as the page sends it
  listAuditEvents: () => ({ total: events.length, items: events, next: null }),
  verifyAuditLog: () => ({ head: { number: 12, hash: '0'.repeat(64) }, fault: null }),
  listSessions: () => ({ items: sessions }),
  endSession: () => {
    sessions = sessions.slice(0, 1);
    return { ended: true };
  },
  endSessions: () => ({ ended: sessions.length }),
  endUserSessions: () => ({ ended: 2 }),
  listSecondFactors: () => ({ items: factors, recoveryCodes: 9, isRequired: true }),
  startTotp: () => ({
    secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    uri: 'otpauth://totp/Vedette:admin?secret=JBSWY3DPEHPK3PXP&issuer=Vedette',
  }),
  confirmTotp: () => {
    factors = [
      ...factors,
      { secondFactorId: uuid(4, 2), kind: 'totp', name: 'Authenticator program', createdAt: at(0), lastUsedAt: null },
    ];
    return { ...factors.at(-1), recoveryCodes: null };
  },
  makeRecoveryCodes: () => ({ recoveryCodes: ['abcd-efgh-jkmn-pqrs', 'tuvw-xyz2-3456-789a'] }),
  deleteSecondFactor: () => {
    factors = factors.slice(1);
    return { deleted: true };
  },
};
