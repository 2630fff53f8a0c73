import { z } from 'zod';
import { AuditFault, AuditHead, ChainedAuditEvent } from '../audit.ts';
import { endpoint } from '../endpoint.ts';
import { limits } from '../limits.ts';
import { WholeList } from './paging.ts';

export const listAuditEvents = endpoint({
  name: 'listAuditEvents',
  summary: 'The audit log: who changed what, newest first unless asked otherwise.',
  method: 'GET',
  path: '/audit',
  permission: 'audit:read',
  query: WholeList.extend({
    limit: z.coerce.number().int().min(1).max(limits.pageSize).default(100),
    order: z.enum(['newest', 'oldest']).default('newest'),
    after: z.coerce.number().int().min(0).optional().meta({ description: '`next` of the page before' }),
    search: z.string().max(200).optional().meta({ description: 'Part of a login, an action, or an id' }),
  }),
  reply: z.object({
    total: z.int(),
    items: z.array(ChainedAuditEvent),
    next: z.int().nullable().meta({ description: 'For the next page; null on the last one' }),
  }),
});

export const verifyAuditLog = endpoint({
  name: 'verifyAuditLog',
  summary:
    'Follow the chain of the audit log from its first event. Who does not trust the platform verifies with `vedette audit verify`.',
  method: 'GET',
  path: '/audit/verification',
  permission: 'audit:read',
  query: z.object({
    head: z
      .string()
      .regex(/^\d{1,15}:[0-9a-f]{64}$/, 'must be NUMBER:HASH')
      .optional()
      .meta({ description: 'A head that was noted earlier, as NUMBER:HASH' }),
  }),
  reply: z.object({ head: AuditHead, fault: AuditFault.nullable() }),
});
