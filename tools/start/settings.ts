import { z } from 'zod';

/** What start.mjs hands over: its options, and when the person pressed Enter. */
export const Settings = z.object({
  once: z.boolean(),
  json: z.boolean(),
  port: z.int().min(0).max(65535),
  data: z.string(),
  offline: z.boolean(),
  reset: z.boolean(),
  newPassword: z.boolean(),
  root: z.string(),
  /** Milliseconds since the epoch. */
  startedAt: z.number(),
});
export type Settings = z.infer<typeof Settings>;

/** Exit codes beyond 0, as start.mjs explains them; 69 and above are those of sysexits(3). */
export const exitCodes = { failure: 1, unassessed: 3, portInUse: 69, cannotCreate: 73, noSpace: 74, noPermission: 77 } as const;

/** Ends the start; the message says what happened, to what, and what to do about it. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: keyof typeof exitCodes;
  constructor(code: keyof typeof exitCodes, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
