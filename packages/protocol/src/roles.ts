import { isReadOnly, type Permission, permissionMeanings, permissions } from './permissions.ts';

interface BuiltInRole {
  readonly name: string;
  readonly describes: string;
  readonly permissions: readonly Permission[];
  /** Whoever has it must have an asset scope. */
  readonly needsScope?: true;
}

const aboutPeople: readonly Permission[] = ['user:read', 'user:write', 'role:read', 'role:write', 'audit:read'];
const readings = permissions.filter((one) => isReadOnly(one));
const ofAssets = permissions.filter((one) => !permissionMeanings[one].whole);
const seeing: readonly Permission[] = ['asset:read', 'detection:read', 'check:read', 'knowledge:read', 'token:write'];

/** Roles that every organization has. A new permission finds its way into them by what it is about. */
export const builtInRoles = {
  manager: { name: 'Manager', describes: 'Everything.', permissions },
  'unit-manager': {
    name: 'Unit manager',
    describes: 'Everything about the assets of a scope, nothing about the organization as a whole.',
    permissions: ofAssets,
    needsScope: true,
  },
  scanner: {
    name: 'Scanner',
    describes: 'Sees assets and detections, and orders scans.',
    permissions: [...seeing, 'asset:scan'],
  },
  reader: {
    name: 'Reader',
    describes: 'Sees everything but users, roles and the audit log; changes nothing.',
    permissions: [...readings.filter((one) => !aboutPeople.includes(one)), 'token:write'],
  },
  auditor: {
    name: 'Auditor',
    describes: 'Sees everything, the audit log too; changes nothing.',
    permissions: [...readings, 'token:write'],
  },
  'remediation-user': {
    name: 'Remediation user',
    describes: 'Sees the assets and detections to be worked on.',
    permissions: seeing,
  },
  'knowledge-only': {
    name: 'Knowledge base only',
    describes: 'Reads the knowledge base; sees no asset.',
    permissions: ['check:read', 'knowledge:read', 'token:write'],
  },
  'user-administrator': {
    name: 'User administrator',
    describes: 'Makes, changes and removes users, but none that may decide about roles; sees no asset.',
    permissions: ['user:read', 'user:write', 'role:read', 'token:write'],
  },
} as const satisfies Record<string, BuiltInRole>;

export type BuiltInRoleName = keyof typeof builtInRoles;

/** Undefined for the id of a role that an organization made itself. */
export function findBuiltInRole(name: string): BuiltInRole | undefined {
  return Object.hasOwn(builtInRoles, name) ? builtInRoles[name as BuiltInRoleName] : undefined; // just looked
}
