import type { Requirement, VendorState } from '@vedette/protocol';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { Defaulted, Json } from './columns.ts';

/** What feeds say, and what follows from it for package versions. */
export interface KnowledgeTables {
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
  knowledgeVersion: {
    version: number;
    importedAt: Date;
    newest: string | null;
    checks: number;
    starter: boolean;
    /** RecordOrigin of every feed, as it was then. */
    origins: Defaulted;
  };
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
  checkNumber: { number: GeneratedAlways<number>; name: string };
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
  /** Entered and not judged yet. */
  unjudged: { packageVersionId: number };
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
  /** Published manifests; see manifest/. The version comes as text, being a bigint. */
  manifest: { version: ColumnType<string, number>; publishedAt: Date; content: string; signature: string };
}
