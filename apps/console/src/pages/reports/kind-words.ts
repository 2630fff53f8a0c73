import type { ReportKind } from '@vedette/protocol';

/** What each kind is for, in a few words. */
export const kindWords: Readonly<Record<ReportKind, string>> = {
  detections: 'All detections',
  asset: 'Asset detail',
  summary: 'Executive summary',
  difference: 'Difference since a moment',
  fixes: 'Fix list for owners',
  compliance: 'Deadlines kept and missed',
};
