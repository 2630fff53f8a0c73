import { severities, type Severity, type SeverityCounts, severityNames } from '@vedette/protocol';

/** Counts by name from rows of (severity, count). */
export function severityCounts(rows: readonly { readonly severity: number; readonly count: number }[]): SeverityCounts {
  const counts: SeverityCounts = { critical: 0, high: 0, medium: 0, low: 0, informational: 0 };
  for (const { severity, count } of rows) {
    if (isSeverity(severity)) counts[severityNames[severity]] += count;
  }
  return counts;
}

function isSeverity(value: number): value is Severity {
  return (severities as readonly number[]).includes(value);
}
