import type { Generated } from 'kysely';
import type { NullableDate, NullableText } from './columns.ts';

/** Organizations, their people and what those have set. */
export interface OrganizationTables {
  organization: { id: string; name: string; createdAt: Date; secondFactorRoles: Generated<string[]> };
  appUser: {
    id: string;
    organizationId: string;
    /** Unique among all organizations. */
    login: string;
    /** Empty for those who only come by another way. */
    passwordHash: string;
    /** The name of a role that every organization has, or the id of one of its own. */
    role: string;
    createdAt: Date;
    name: Generated<string>;
    /** In the query language. */
    scope: NullableText;
    disabledAt: NullableDate;
    mustChangePassword: Generated<boolean>;
    lastLogin: NullableDate;
    /** Of the OpenID provider that knows them, and how it calls them. */
    externalIssuer: NullableText;
    externalSubject: NullableText;
  };
  role: {
    organizationId: string;
    id: string;
    name: string;
    describes: string;
    permissions: string[];
    scope: string | null;
    createdAt: Date;
    changedAt: Date;
  };
  savedQuery: {
    organizationId: string;
    id: string;
    userId: string;
    name: string;
    about: string;
    query: string;
    shared: boolean;
    onDashboard: boolean;
    changedAt: Date;
  };
  /** Days within which detections of a severity are to be fixed. */
  deadline: { organizationId: string; severity: number; days: number | null };
}
