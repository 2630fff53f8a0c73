interface PermissionMeaning {
  /** Ends the sentence "may …". */
  readonly describes: string;
  /** About the organization as a whole: whoever may see only some of its assets may not have it. */
  readonly whole: boolean;
}

function ofAssets(describes: string): PermissionMeaning {
  return { describes, whole: false };
}

function ofOrganization(describes: string): PermissionMeaning {
  return { describes, whole: true };
}

/**
 * What a role may hold. A permission that is not `whole` is answered within the caller's asset scope, without the endpoint doing
 * anything for it: docs/people.md. One that ends in ":read" changes nothing; every other is written to the audit log.
 */
export const permissionMeanings = {
  'asset:read': ofAssets('see assets and what is on them'),
  'asset:scan': ofAssets('order scans'),
  'agent:revoke': ofAssets('refuse the key of an agent'),
  'detection:read': ofAssets('see detections and the dashboard'),
  'check:read': ofAssets('read the checks of the knowledge base'),
  'knowledge:read': ofAssets('see the state of the feeds'),
  'knowledge:write': ofOrganization('refresh feeds and accept what was refused'),
  'activation-key:read': ofOrganization('see activation keys'),
  'activation-key:write': ofOrganization('make and revoke activation keys'),
  'token:write': ofAssets('make and revoke API tokens of their own'),
  'release:read': ofOrganization('see releases and roll-outs'),
  'release:write': ofOrganization('publish releases and steer roll-outs'),
  'profile:read': ofAssets('see configuration profiles, and what is in force on an agent'),
  'profile:write': ofOrganization('make, change and remove configuration profiles'),
  'query:share': ofOrganization('share saved queries, and delete those that are shared'),
  'settings:write': ofOrganization('set the deadlines of detections and the rules of exceptions'),
  'tag:read': ofAssets('see tags'),
  'tag:write': ofOrganization('make and change tags, and say which assets have them'),
  'exception:read': ofAssets('see exceptions'),
  'exception:write': ofAssets('ask for exceptions'),
  'exception:approve': ofOrganization('approve exceptions'),
  'report:read': ofAssets('see reports of their own, or all where they may see every asset; with detection:read'),
  'report:write': ofAssets('have reports made, also at certain times'),
  'notification:read': ofOrganization('see channels, rules and what was sent'),
  'notification:write': ofOrganization('make and change channels and rules'),
  'user:read': ofOrganization('see users'),
  'user:write': ofOrganization('make, change and remove users'),
  'role:read': ofOrganization('see roles'),
  'role:write': ofOrganization('make, change and remove roles, and decide who may do so'),
  'audit:read': ofOrganization('read and verify the audit log'),
} as const satisfies Record<string, PermissionMeaning>;

/** What a role may hold. */
export type Permission = keyof typeof permissionMeanings;

export const permissions = Object.keys(permissionMeanings) as readonly Permission[]; // the keys of the object above

/**
 * What needs no permission of a role. `public`: nothing at all. `login`: a right password, even while the second factor is yet to come.
 * `account`: logged in, even where the account has to be put in order first. `leave`: the same, or with a token that may revoke tokens.
 * `session`: logged in.
 */
export const standings = ['public', 'login', 'account', 'leave', 'session'] as const;
export type Standing = (typeof standings)[number];

/** What an endpoint asks for: the one place that says who may use it. */
export type AccessRequirement = Permission | Standing;

export function isStanding(needed: AccessRequirement): needed is Standing {
  return (standings as readonly string[]).includes(needed);
}

/** Whether whoever has this can change something by it. */
export function isReadOnly(permission: Permission): boolean {
  return permission.endsWith(':read');
}
