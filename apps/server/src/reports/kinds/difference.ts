import type { ReportDetection } from '../detection-rows.ts';
import {
  type DetectionColumn,
  detectionColumns as known,
  detectionsOf,
  plain,
  type ReportBody,
  type ReportSource,
  toRows,
} from './report-source.ts';

type Change = 'new' | 'reopened' | 'fixed';

const change: DetectionColumn = { key: 'change', title: 'Change', kind: 'text', width: 9, read: (one) => changeOf(one) };

const columns = [
  change,
  known.asset,
  known.severity,
  known.name,
  known.check,
  known.exploited,
  known.packages,
  known.fix,
  known.firstFound,
  known.fixedAt,
];

/** What is open at the later moment and was not at the earlier one, and the other way round. */
export async function difference(source: ReportSource): Promise<ReportBody> {
  const counts = { new: 0, reopened: 0, fixed: 0 };
  for await (const part of changes(source)) for (const one of part) counts[changeOf(one) ?? 'new'] += 1;
  return {
    figures: Object.entries(counts).map(([label, value]) => ({ label, value })),
    tables: [
      {
        heading: 'Changes',
        note: 'What came and went again in between is not among them.',
        columns: plain(columns),
        rows: toRows(changes(source), columns),
        isMain: true,
        empty: 'Nothing changed.',
      },
    ],
  };
}

async function* changes(source: ReportSource): AsyncGenerator<readonly ReportDetection[]> {
  for await (const part of detectionsOf(source, { status: 'all', moments: [source.since] })) {
    const changed = part.filter((one) => changeOf(one) !== null);
    if (changed.length > 0) yield changed;
  }
}

function changeOf({ openAt: [wasOpen = false], status }: ReportDetection): Change | null {
  const isOpen = status !== 'fixed';
  if (isOpen === wasOpen) return null;
  if (!isOpen) return 'fixed';
  return status === 'reopened' ? 'reopened' : 'new';
}
