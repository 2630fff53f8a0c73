import { z } from 'zod';

/** Severity of a check, 1 (informational) to 5 (critical); OCSF severity_id. */
export const Severity = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]);
export type Severity = z.infer<typeof Severity>;
