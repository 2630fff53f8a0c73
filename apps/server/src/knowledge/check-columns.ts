import { type CheckSummary, severityNames } from '@vedette/protocol';
import type { CsvColumn } from '../http/csv.ts';

/** The list of checks as CSV. */
export const checkColumns: readonly CsvColumn<CheckSummary>[] = [
  ['Check', ({ name }) => name],
  ['Number', ({ number }) => number],
  ['Severity', ({ severity }) => severityNames[severity]],
  ['Open on', ({ openAssets }) => openAssets],
  ['CVSS', ({ cvssScore }) => cvssScore],
  ['EPSS', ({ epss }) => epss?.score],
  ['Exploited since', ({ kevSince }) => kevSince],
  ['Published', ({ published }) => published],
  ['Fix available', ({ patchable }) => patchable],
  ['Aliases', ({ aliases }) => aliases.join(' ')],
];
