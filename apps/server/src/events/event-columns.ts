import type { FleetEvent } from '@vedette/protocol';
import type { CsvColumn } from '../http/csv.ts';

/** The list of events as CSV. */
export const eventColumns: readonly CsvColumn<FleetEvent>[] = [
  ['Time', ({ at }) => at],
  ['Kind', ({ kind }) => kind],
  ['Status', ({ status }) => status],
  ['What', ({ text }) => text],
  ['Host name', ({ hostname }) => hostname],
  ['Asset', ({ assetId }) => assetId],
  ['Collector', ({ collector }) => collector],
  ['Package', ({ package: name }) => name],
  ['Version', ({ version }) => version],
  ['Previous version', ({ previous }) => previous],
  ['Check', ({ check }) => check],
  ['Name', ({ name }) => name],
  ['Severity', ({ severity }) => severity],
  ['Cause', ({ cause }) => cause],
  ['Event', ({ eventId }) => eventId],
];
