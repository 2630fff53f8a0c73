import type { Severity } from './severity.ts';

// Beside the schema, not with it: whoever only names severities, as the console does, needs nothing that checks them.
export const severities = [5, 4, 3, 2, 1] as const satisfies readonly Severity[];
export const severityNames = { 5: 'critical', 4: 'high', 3: 'medium', 2: 'low', 1: 'informational' } as const satisfies Record<
  Severity,
  string
>;
export type SeverityName = (typeof severityNames)[Severity];
