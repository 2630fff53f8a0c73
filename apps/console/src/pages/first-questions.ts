import { addressOf } from '@vedette/client';
import { endpoints } from '@vedette/protocol';
import { paths } from '../paths.ts';

const limit = 50;

/** What a page asks first when nothing stands behind its address, as `call` and `useList` write it: tests/e2e/console/first-page.e2e.ts holds both together. */
const firstQuestions: ReadonlyMap<string, string> = new Map([
  [paths.dashboard(), addressOf(endpoints.getDashboard.path, {})],
  [paths.assets(), addressOf(endpoints.listAssets.path, { query: { sort: 'worst', direction: 'ascending', limit } })],
  [paths.detections(), addressOf(endpoints.listDetections.path, { query: { status: 'open', exception: 'without', limit } })],
  [paths.checks(), addressOf(endpoints.listChecks.path, { query: { sort: 'worst', direction: 'ascending', limit } })],
  [paths.software(), addressOf(endpoints.listSoftware.path, { query: { sort: 'name', direction: 'ascending', limit } })],
]);

/** The address of the API that the page at this address of the console reads first; undefined where that is not known ahead. */
export function firstQuestion(address: string): string | undefined {
  return firstQuestions.get(address);
}
