import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { AssetId, CheckNumber, Instant } from '../ids.ts';

/** A stored verdict that cannot be had again from what is stored with it. */
export const ReplayDifference = z.object({
  check: CheckNumber,
  package: z.string(),
  version: z.string(),
  knowledgeVersion: z.int(),
  /**
   * damaged: the stored statements are not those that their hash names. differs: judging again gives another record, since something
   * stored was changed, or the rules were. outcome: the record is the same, but the verdict shown is not the one in it. unrecorded: no
   * evidence was stored.
   */
  problem: z.enum(['damaged', 'differs', 'outcome', 'unrecorded']),
  stored: z.string().nullable().meta({ description: 'SHA-256 of the evidence as it was stored' }),
  replayed: z.string().nullable().meta({ description: 'SHA-256 of the evidence as it comes out now; null when there is none' }),
  detail: z.string(),
});
export type ReplayDifference = z.infer<typeof ReplayDifference>;

export const ReplayReport = z.object({
  verdicts: z.int().meta({ description: 'Judged again for this answer' }),
  same: z.int().meta({ description: 'Came out byte for byte as stored' }),
  differing: z.array(ReplayDifference),
  next: z.string().nullable().meta({ description: 'Ask again with `after`; null at the end' }),
});
export type ReplayReport = z.infer<typeof ReplayReport>;

export const replayVerdicts = endpoint({
  name: 'replayVerdicts',
  summary: 'Judge stored verdicts again from their own evidence, and list those that do not come out the same.',
  method: 'GET',
  path: '/verdicts/replay',
  permission: 'detection:read',
  query: z.object({
    assetId: AssetId.optional(),
    check: z.coerce.number().pipe(CheckNumber).optional(),
    since: Instant.optional().meta({ description: 'Only verdicts made since then' }),
    after: z
      .string()
      .regex(/^\d{1,10}\.\d{1,10}\.\d{1,10}$/)
      .optional()
      .meta({ description: 'Where the last answer ended: its `next`' }),
  }),
  reply: ReplayReport,
});
