import { type Detection, severityNames } from '@vedette/protocol';
import type { CsvColumn } from '../http/csv.ts';

/** The list of detections as CSV: one line for each, whatever the number of packages that make it true. */
export const detectionColumns: readonly CsvColumn<Detection>[] = [
  ['Check', ({ name }) => name],
  ['Number', ({ check }) => check],
  ['Asset', ({ hostname }) => hostname],
  ['Severity', ({ severity }) => severityNames[severity]],
  ['Confidence', ({ confidence }) => confidence],
  ['Kind', ({ kind }) => kind],
  ['Title', ({ title }) => title],
  ['Status', ({ status }) => status],
  ['Packages', ({ packages }) => packages.map(({ name }) => name).join(' ')],
  ['Installed', ({ packages }) => packages[0]?.installed],
  ['Fixed in', ({ packages }) => packages[0]?.fixed],
  ['Advisory', ({ packages }) => packages[0]?.advisory],
  ['CVSS', ({ cvssScore }) => cvssScore],
  ['EPSS', ({ epssScore }) => epssScore],
  ['Exploited since', ({ kevSince }) => kevSince],
  ['First found', ({ firstFound }) => firstFound],
  ['Last found', ({ lastFound }) => lastFound],
  ['Fixed', ({ fixedAt }) => fixedAt],
  ['Asset id', ({ assetId }) => assetId],
];
