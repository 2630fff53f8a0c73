import type { Software } from '@vedette/protocol';
import type { CsvColumn } from '../http/csv.ts';

/** The list of software as CSV. */
export const softwareColumns: readonly CsvColumn<Software>[] = [
  ['Package', ({ name }) => name],
  ['Version', ({ version }) => version],
  ['Ecosystem', ({ ecosystem }) => ecosystem],
  ['Release', ({ release }) => release],
  ['Source', ({ source }) => source],
  ['Assets', ({ assets }) => assets],
  ['Open detections', ({ detections }) => detections],
];
