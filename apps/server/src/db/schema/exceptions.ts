import type { ExceptionSource, VexJustification, VexStatus } from '@vedette/protocol';
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
  };
  exceptionCheck: { organizationId: string; exceptionId: string; checkNumber: number; packageVersionIds: number[] | null };
  exceptionRules: { organizationId: string; secondPerson: boolean; maxDays: number | null; changedAt: Date; changedBy: string };
}
