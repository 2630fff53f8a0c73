import type {
  AuditOutcome,
  NotificationEvent,
  ExceptionSource,
  OrderState,
  Requirement,
  RolloutState,
  RolloutSubject,
  SessionStage,
  UpgradeState,
  VendorState,
  VexJustification,
  VexStatus,
} from '@vedette/protocol';
import type { Sealed } from '../sealing/sealer.ts';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/** Tables as kysely sees them, in camelCase; migrations/ says what they are for. */
export interface Database {
  organization: { id: string; name: string; createdAt: Date; secondFactorRoles: Generated<string[]> };
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
  /** Which key secrets are sealed with. */
  sealing: { id: number; keyId: string };
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
  auditEvent: {
    organizationId: string;
    number: number;
    at: Date;
    action: string;
    outcome: AuditOutcome;
    hash: Buffer;
    /** Canonical JSON. */
    body: string;
  };
  /** Operations that were begun; the event of the audit log as JSON, without its outcome. */
  auditIntent: { id: string; organizationId: string; begunAt: Generated<Date>; aliveAt: Generated<Date>; event: string };
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
  };
  activationKey: {
    id: string;
    organizationId: string;
    name: string;
    secretHash: Buffer;
    createdAt: Date;
    expiresAt: Date | null;
    maxUses: number | null;
    uses: Generated<number>;
    revokedAt: Date | null;
  };
  agentOrder: {
    organizationId: string;
    assetId: string;
    id: string;
    kind: string;
    state: OrderState;
    requestedBy: string;
    requestedAt: Date;
    expiresAt: Date;
    deliveredAt: Date | null;
    startedAt: Date | null;
    finishedAt: Date | null;
    detail: Generated<string>;
  };
  platformKey: { id: number; privateKey: Buffer };
  releaseKey: { role: 'snapshot' | 'timestamp'; privateKey: Buffer };
  rollout: {
    organizationId: string;
    id: string;
    subject: RolloutSubject;
    version: string;
    previous: string | null;
    state: RolloutState;
    rings: Json;
    ring: number;
    ringSince: Date;
    gate: Json;
    reason: Generated<string>;
    startedAt: Date;
    startedBy: string;
    changedAt: Date;
  };
  releaseRules: { organizationId: string; rules: Json; changedAt: Date; changedBy: string };
  configurationProfile: {
    organizationId: string;
    id: string;
    name: string;
    description: string;
    priority: number;
    query: string | null;
    settings: Json;
    upgrades: Json;
    changedAt: Date;
    changedBy: string;
  };
  assetRelease: { organizationId: string; assetId: string; pin: string | null; tags: Generated<string[]> };
  tag: {
    organizationId: string;
    number: GeneratedAlways<number>;
    name: string;
    validFrom: Date;
    validUntil: NullableDate;
    description: string;
    query: string | null;
    criticality: number | null;
    exposure: 'isolated' | 'internal' | 'internet' | null;
    changedBy: string;
  };
  exception: {
    organizationId: string;
    id: string;
    assets: string;
    query: string;
    anyVersion: boolean;
    status: VexStatus;
    justification: VexJustification | null;
    reason: string;
    comment: string;
    source: ExceptionSource;
    requestedBy: string;
    requestedAt: Date;
    decision: 'approved' | 'rejected' | null;
    decidedBy: string | null;
    decidedAt: NullableDate;
    expiresAt: NullableDate;
    endedBy: string | null;
    endedAt: NullableDate;
  };
  exceptionCheck: { organizationId: string; exceptionId: string; checkNumber: number; packageVersionIds: number[] | null };
  exceptionRules: { organizationId: string; secondPerson: boolean; maxDays: number | null; changedAt: Date; changedBy: string };
  agentUpgrade: {
    organizationId: string;
    assetId: string;
    platform: string;
    version: string;
    previous: string | null;
    runtime: string;
    state: UpgradeState;
    target: string | null;
    since: Date;
    reason: string | null;
    /** UpgradeReport as it came. */
    report: Json;
    desired: string | null;
    desiredAt: Date | null;
    held: string | null;
    reportedAt: Date;
  };
  releaseEvent: {
    organizationId: string;
    number: GeneratedAlways<number>;
    at: Date;
    kind: string;
    assetId: string | null;
    version: string | null;
    detail: Json;
  };
  report: {
    organizationId: string;
    id: string;
    scheduleId: string | null;
    /** ReportScope. */
    wish: Json;
    asOf: Date;
    since: Date | null;
    state: 'queued' | 'running' | 'done' | 'failed';
    problem: NullableText;
    createdAt: Date;
    createdBy: string;
    /** Asset scopes of whoever asked, in the query language. */
    scopes: string[];
    claimedUntil: NullableDate;
    attempts: Generated<number>;
    finishedAt: NullableDate;
    expiresAt: Date;
    bytes: ColumnType<number | null, undefined, number>;
    rows: ColumnType<number | null, undefined, number>;
    sha256: NullableText;
  };
  reportChunk: { reportId: string; number: number; content: Buffer };
  reportSchedule: {
    organizationId: string;
    id: string;
    /** ReportScope. */
    wish: Json;
    cron: string;
    timeZone: string;
    keepDays: number;
    channelIds: string[];
    enabled: boolean;
    scopes: string[];
    createdAt: Date;
    createdBy: string;
    nextRunAt: NullableDate;
    lastRunAt: NullableDate;
    lastProblem: NullableText;
  };
  notificationChannel: {
    organizationId: string;
    id: string;
    name: string;
    /** ChannelSettings. */
    settings: Json;
    secret: Sealed | null;
    enabled: boolean;
    problem: NullableText;
    lastDeliveredAt: NullableDate;
    createdAt: Date;
    createdBy: string;
  };
  notificationRule: {
    organizationId: string;
    id: string;
    name: string;
    events: NotificationEvent[];
    query: string | null;
    /** None or one. */
    assets: string[];
    channelIds: string[];
    digestMinutes: number;
    enabled: boolean;
    /** Asset scopes of whoever made it, in the query language. */
    scopes: string[];
    createdAt: Date;
    createdBy: string;
  };
  notificationTold: { organizationId: string; key: string; at: Date };
  notificationMessage: {
    organizationId: string;
    id: string;
    channelId: string;
    ruleId: string | null;
    subject: string;
    events: number;
    /** MessageBody. */
    body: Json;
    state: 'waiting' | 'delivered' | 'given-up';
    attempts: Generated<number>;
    createdAt: Date;
    dueAt: Date;
    claimedUntil: NullableDate;
    deliveredAt: NullableDate;
    problem: NullableText;
  };
  asset: {
    organizationId: string;
    id: string;
    hostname: string;
    machineId: string;
    os: Generated<string>;
    ecosystem: Generated<string>;
    release: Generated<string>;
    architecture: Generated<string>;
    packages: Generated<number>;
    pendingRestart: Generated<boolean>;
    firstSeen: Date;
    lastSeen: Date;
    lastScan: Date | null;
    /** Small, for sets of assets. */
    number: GeneratedAlways<number>;
  };
  agent: {
    organizationId: string;
    assetId: string;
    id: string;
    publicKey: Buffer;
    version: string;
    activationKeyId: string;
    enrolledAt: Date;
    lastCheckIn: Date | null;
    consumption: Json | null;
    watching: NullableJson;
    settings: NullableJson;
    revokedAt: NullableDate;
  };
  assetIdentity: {
    organizationId: string;
    assetId: string;
    agentId: string;
    incarnation: string;
    hardware: string;
    bootedAt: Date;
    firstHeard: Date;
    aliveAt: Date;
    state: 'current' | 'superseded' | 'clone';
    became: string | null;
  };
  collectorState: {
    organizationId: string;
    assetId: string;
    collector: string;
    version: number;
    sequence: number;
    digest: string;
    status: string;
    problem: string | null;
    rowCount: number;
    changedAt: Date;
    lastBytes: number;
    snapshotBytes: number;
    /** The rows, packed against a base; null for packages, and for facts that are still in fact_row. */
    factBase: number | null;
    facts: Buffer | null;
  };
  factBase: { number: GeneratedAlways<number>; collector: string; hash: Buffer; content: Buffer; createdAt: Date };
  packageVersion: {
    id: GeneratedAlways<number>;
    ecosystem: string;
    release: string;
    role: PackageRole;
    name: string;
    version: string;
    architecture: string;
    source: string;
    sourceVersion: string;
    state: string;
    versionKey: Buffer | null;
    rowHash: Buffer;
    /** MODULARITYLABEL of an rpm; empty for none. */
    module: Generated<string>;
  };
  /** Entered and not judged yet. */
  unjudged: { packageVersionId: number };
  packageSet: { setHash: Buffer; ids: number[] };
  inventory: { organizationId: string; assetId: string; collector: string; setHash: Buffer; added: number[]; removed: number[] };
  inventoryChange: {
    organizationId: string;
    assetId: string;
    collector: string;
    change: number;
    at: Date;
    added: number[];
    removed: number[];
  };
  /** Facts as releases before the packing kept them. */
  factRow: { organizationId: string; assetId: string; collector: string; rowKey: string; rowHash: Buffer; body: Json };
  factChange: {
    organizationId: string;
    assetId: string;
    collector: string;
    sequence: number;
    at: Date;
    /** What changed, packed. Older entries say so in `added` and `removed`. */
    factBase: number | null;
    packed: Buffer | null;
    added: NullableJson;
    removed: NullableJson;
  };
  knowledgeVersion: {
    version: number;
    importedAt: Date;
    newest: string | null;
    checks: number;
    starter: boolean;
    /** RecordOrigin of every feed, as it was then. */
    origins: Defaulted;
  };
  feedState: {
    feed: string;
    location: string;
    records: number;
    retrievedAt: Date | null;
    sha256: string;
    problem: string | null;
    /** When its source was last asked, and what is in use was the newest. */
    checkedAt: Date | null;
    triedAt: Date | null;
    /** Records of the last try, when it was refused for having too few; and the number that a person accepted. */
    refusedRecords: number | null;
    acceptedRecords: number | null;
    /** When all of it was read last, not only changes; and up to when changes were read. */
    completeAt: Date | null;
    changesUntil: string | null;
    /** How many vulnerabilities were known when its facts were read. */
    cves: number | null;
    /** False while what it said last is not yet part of a knowledge version. */
    imported: Generated<boolean>;
  };
  feedFile: {
    feed: string;
    name: string;
    url: string;
    etag: string | null;
    lastModified: string | null;
    bytes: number;
    sha256: string;
    retrievedAt: Date;
  };
  knowledgeInput: { feed: string; body: Buffer };
  knowledgeCheck: {
    number: number;
    validFrom: number;
    validUntil: number | null;
    name: string;
    severity: number;
    published: string | null;
    patchable: boolean;
    hash: Buffer;
    body: Json;
  };
  statement: {
    id: GeneratedAlways<number>;
    checkNumber: number;
    validFrom: number;
    validUntil: number | null;
    ecosystem: string;
    release: string;
    package: string;
    status: 'fixed' | 'affected' | 'not-affected';
    introduced: string | null;
    fixed: string | null;
    lastAffected: string | null;
    limit: string | null;
    versions: string[] | null;
    module: string | null;
    vendorState: VendorState | null;
    patches: string[] | null;
    /** Of a posture check. */
    requires: Requirement | null;
    advisory: string;
    feed: string;
    published: string | null;
  };
  /** Published manifests; see manifest/. The version comes as text, being a bigint. */
  manifest: { version: ColumnType<string, number>; publishedAt: Date; content: string; signature: string };
  checkNumber: { number: GeneratedAlways<number>; name: string };
  verdict: {
    packageVersionId: number;
    checkNumber: number;
    validFrom: number;
    validUntil: number | null;
    fromAt: Date;
    untilAt: Date | null;
    statementId: number;
    confidence: 'confirmed' | 'potential' | 'information';
    fixed: string | null;
    /** Null for verdicts older than the recording of evidence. */
    consideredId: number | null;
    evidenceHash: Buffer | null;
  };
  /** Statements that verdicts considered, as canonical text, by the SHA-256 of it. */
  considered: { id: GeneratedAlways<number>; hash: Buffer; statements: string };
}

export type PackageRole = 'installed' | 'running' | 'dormant';

/** JSON columns are read as values and written as text. */
type Json = ColumnType<unknown, string, string>;
type NullableJson = ColumnType<unknown, string | null | undefined, string | null>;
type NullableText = ColumnType<string | null, string | null | undefined, string | null>;
type NullableDate = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Defaulted = ColumnType<unknown, string | undefined, string>;
