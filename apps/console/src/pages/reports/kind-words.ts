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

/** Of a report that is there; another version may have made it. */
export function kindWord(kind: ReportKind | null): string {
  return kind === null ? 'not understood' : kindWords[kind];
}

/** Name and format of one. */
export function titleOf({ name, format }: { name?: string | undefined; format: string | null }): string {
  const title = name || 'Without a name';
  return format === null ? title : `${title} (${format.toUpperCase()})`;
}
