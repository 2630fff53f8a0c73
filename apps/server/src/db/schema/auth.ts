import type { SessionStage } from '@vedette/protocol';
import type { ColumnType, Generated } from 'kysely';
import type { NullableDate, NullableText } from './columns.ts';

/** How people and programs come in, and what secrets are sealed with. */
export interface AuthTables {
  session: {
    id: Generated<string>;
    tokenHash: Buffer;
    userId: string;
    organizationId: string;
    createdAt: Date;
    expiresAt: Date;
    lastUsedAt: NullableDate;
    address: Generated<string>;
    userAgent: Generated<string>;
    stage: Generated<SessionStage>;
    via: Generated<'password' | 'oidc'>;
    /** Of what is being set up or asked for; used once. */
    challenge: NullableText;
    challengeAt: NullableDate;
  };
  apiToken: {
    id: string;
    organizationId: string;
    userId: string;
    name: string;
    tokenHash: Buffer;
    createdAt: Date;
    expiresAt: Date | null;
    /** Null: whatever its owner may. */
    permissions: ColumnType<string[] | null, string[] | null | undefined>;
    lastUsedAt: NullableDate;
    lastAddress: NullableText;
    /** With which token it was made; it ends with that one. */
    madeWith: NullableText;
  };
  secondFactor: {
    id: string;
    organizationId: string;
    userId: string;
    kind: 'totp' | 'webauthn';
    name: string;
    createdAt: Date;
    lastUsedAt: NullableDate;
    /** A public key, or what is shared with a program that shows codes: sealed, as bytes of text. */
    key: Buffer;
    credentialId: NullableText;
    transports: Generated<string[]>;
    counter: Generated<number>;
  };
  recoveryCode: { userId: string; hash: Buffer };
  loginAttempt: {
    stateHash: Buffer;
    browserHash: Buffer;
    nonce: string;
    codeVerifier: string;
    redirectUri: string;
    next: string;
    expiresAt: Date;
  };
  loginFailure: { subject: string; failures: number; failedAt: Date; lockedUntil: Date | null };
  /** Which key secrets are sealed with. */
  sealing: { id: number; keyId: string };
}
