import type { ExceptionSource, VexJustification, VexStatus } from '@vedette/protocol';
import type { ColumnType, Generated } from 'kysely';
import type { NullableDate } from './columns.ts';

/** Exceptions and their rules. */
export interface ExceptionTables {
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
    /** Of a VEX document that asked for it: its id; null where it has none. */
    document: string | null;
    /** Ended by a newer version of that document. */
    superseded: Generated<boolean>;
  };
  vexDocument: {
    organizationId: string;
    /** Of document and assets. */
    key: Buffer;
    document: string;
    version: number | null;
    /** When it says that it was changed. */
    at: Date | null;
    importedAt: Date;
    importedBy: string;
  };
  /** What a document says that the exception of another one holds for. */
  vexEcho: {
    organizationId: string;
    exceptionId: string;
    key: Buffer;
    document: string | null;
    query: string;
    comment: string;
    source: ExceptionSource;
    /** Package versions by number of the check. */
    said: ColumnType<[check: number, packageVersionIds: number[]][], string>;
    expiresAt: Date | null;
    heardAt: Date;
  };
  exceptionCheck: { organizationId: string; exceptionId: string; checkNumber: number; packageVersionIds: number[] | null };
  exceptionRules: { organizationId: string; secondPerson: boolean; maxDays: number | null; changedAt: Date; changedBy: string };
}
