import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { AssetId, CheckNumber, Instant } from '../ids.ts';
import { PostureText } from '../knowledge/posture.ts';
import { Severity } from '../knowledge/severity.ts';

/**
 * `failed`: something on the asset is not as the check requires. `passed`: all of it is. `unassessed`: some could not be read, and nothing
 * else failed; never counted as passed. `not-applicable`: what the check is about is not there. `unread`: the asset's agent has not sent it
 * yet, or is too old to.
 */
export const postureOutcomes = ['failed', 'unassessed', 'unread', 'passed', 'not-applicable'] as const;
export const PostureOutcome = z.enum(postureOutcomes);
export type PostureOutcome = z.infer<typeof PostureOutcome>;

export const PostureResult = PostureText.extend({
  check: CheckNumber,
  name: z.string(),
  severity: Severity,
  severityRule: z.string(),
  outcome: PostureOutcome,
  /** What was read. */
  evidence: z.array(
    z.object({
      subject: z.string(),
      value: z.string(),
      where: z.string().meta({ description: 'File that says so; empty where the subject is one' }),
      required: z.string().meta({ description: 'In words that go on after "it has to be"' }),
      outcome: PostureOutcome,
    }),
  ),
});
export type PostureResult = z.infer<typeof PostureResult>;

export const getPosture = endpoint({
  name: 'getPosture',
  summary: 'What every posture check finds on one asset, failed ones first.',
  method: 'GET',
  path: '/assets/:assetId/posture',
  permission: 'asset:read',
  params: z.object({ assetId: AssetId }),
  query: z.object({ asOf: Instant.optional().meta({ description: 'What the checks of this moment of the past found then' }) }),
  reply: z.object({
    counts: z.object({
      failed: z.int(),
      unassessed: z.int(),
      unread: z.int(),
      passed: z.int(),
      'not-applicable': z.int(),
    }),
    checks: z.array(PostureResult),
  }),
  errors: ['NOT_FOUND'],
});
