import { z } from 'zod';
import { apiErrorCodes } from './endpoint.ts';

/** Error body of every interface, agent and public: RFC 9457 problem details with our code. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().meta({ description: `API: ${apiErrorCodes.join(', ')}; agent interface: see AgentProblemCode` }),
  detail: z.string().meta({ description: 'What happened, to what, and what to do about it' }),
  /** Seconds to wait before trying again. */
  retryAfterSeconds: z.int().optional(),
});
export type Problem = z.infer<typeof Problem>;
