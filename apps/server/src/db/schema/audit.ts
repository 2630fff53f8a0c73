import type { AuditOutcome } from '@vedette/protocol';
import type { Generated } from 'kysely';

/** The audit log. */
export interface AuditTables {
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
}
