import type { Asset } from '@vedette/protocol';
import type { CsvColumn } from '../http/csv.ts';

/** The list of assets as CSV. */
export const assetColumns: readonly CsvColumn<Asset>[] = [
  ['Asset', ({ hostname }) => hostname],
  ['Critical', ({ detections }) => detections.critical],
  ['High', ({ detections }) => detections.high],
  ['Medium', ({ detections }) => detections.medium],
  ['Low', ({ detections }) => detections.low],
  ['Informational', ({ detections }) => detections.informational],
  ['Operating system', ({ os }) => os],
  ['Release', ({ release }) => release],
  ['Architecture', ({ architecture }) => architecture],
  ['Packages', ({ packages }) => packages],
  ['Not assessed', ({ unassessed }) => unassessed],
  ['Restart pending', ({ pendingRestart }) => pendingRestart],
  ['State', ({ state }) => state],
  ['Agent', ({ agentVersion }) => agentVersion],
  ['First seen', ({ firstSeen }) => firstSeen],
  ['Last seen', ({ lastSeen }) => lastSeen],
  ['Last scan', ({ lastScan }) => lastScan],
  ['Asset id', ({ assetId }) => assetId],
];
