import { z } from 'zod';

/** Severity of a check, 1 (informational) to 5 (critical); OCSF severity_id. */
export const Severity = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]);
export type Severity = z.infer<typeof Severity>;

export const severities = [5, 4, 3, 2, 1] as const satisfies readonly Severity[];
export const severityNames = { 5: 'critical', 4: 'high', 3: 'medium', 2: 'low', 1: 'informational' } as const satisfies Record<
  Severity,
  string
>;
export type SeverityName = (typeof severityNames)[Severity];
