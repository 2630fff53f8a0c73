import type { SavedQuery } from '@vedette/protocol';
import { paths } from '../paths.ts';

/** The list that a saved query asks for. */
export function savedQueryPath({ about, query }: Pick<SavedQuery, 'about' | 'query'>): string {
  const lists = {
    asset: paths.assets,
    detection: paths.detections,
    check: paths.checks,
    software: paths.software,
    event: paths.events,
  };
  return lists[about]({ query });
}
