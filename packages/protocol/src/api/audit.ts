import { z } from 'zod';
import { AuditFault, AuditHead, ChainedAuditEvent } from '../audit.ts';
import { endpoint } from '../endpoint.ts';
import { Cursor, CursorPage, listOf, sortedBy } from './paging.ts';

/** `number`: as they were chained, the newest first. */
export const AuditSorting = z.enum(['number', 'at', 'login', 'action', 'target', 'address', 'outcome']);
export type AuditSorting = z.infer<typeof AuditSorting>;

export const listAuditEvents = endpoint({
  name: 'listAuditEvents',
  summary: 'The audit log: who changed what, newest first unless another order is asked for.',
  method: 'GET',
  path: '/audit',
  permission: 'audit:read',
  query: CursorPage.extend({
    ...sortedBy(AuditSorting.default('number')),
    order: z.enum(['newest', 'oldest']).optional().meta({
      description: 'By number, whatever sort and direction say, and nothing counted: oldest is for whoever follows the chain',
    }),
    search: z.string().max(200).optional().meta({ description: 'Part of a login, an action, or an id' }),
  }),
  reply: listOf(ChainedAuditEvent).extend({
    total: z.int().min(0).meta({ description: 'Where `order` is given: the number of the newest event' }),
    next: Cursor.or(z.int()).nullable().meta({
      description: '`after` of the next page, the last number of this one where it is by number; null on the last page',
    }),
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
