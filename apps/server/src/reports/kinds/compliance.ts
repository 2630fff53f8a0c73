import { type ReportDeadlines, severities, severityNames } from '@vedette/protocol';
import type { ReportDetection } from '../detection-rows.ts';
import { type Cell, type Column, rowsOf } from '../report-document.ts';
import {
  dayMs,
  type DetectionColumn,
  detectionColumns as known,
  detectionsOf,
  plain,
  type ReportBody,
  type ReportSource,
  toRows,
} from './report-source.ts';

/** For so long before the moment, what was fixed is held against its deadline, too. */
const periodDays = 90;

const bySeverity: readonly Column[] = [
  { key: 'severity', title: 'Severity', kind: 'text', width: 14 },
  { key: 'days', title: 'Days to fix', kind: 'number', width: 10 },
  { key: 'late', title: 'Open, late', kind: 'number', width: 10 },
  { key: 'inTime', title: 'Open, in time', kind: 'number', width: 10 },
  { key: 'withoutDeadline', title: 'Open, no deadline', kind: 'number', width: 12 },
  { key: 'fixedInTime', title: `Fixed in time, ${periodDays} days`, kind: 'number', width: 16 },
  { key: 'fixedLate', title: `Fixed late, ${periodDays} days`, kind: 'number', width: 16 },
];

type Judgement = 'late' | 'inTime' | 'withoutDeadline' | 'fixedInTime' | 'fixedLate';

/** What is due when, what is late, and what was fixed in time. The clock of a detection that came back begins anew. */
export async function compliance(source: ReportSource): Promise<ReportBody> {
  const { asOf, deadlines } = source;
  const counts = new Map(severities.map((severity) => [severity, new Map<Judgement, number>()]));
  for await (const part of detectionsOf(source, { status: 'all' })) {
    for (const one of part) {
      const judgement = judge(one, { asOf, deadlines });
      const own = counts.get(one.severity);
      if (judgement && own) own.set(judgement, (own.get(judgement) ?? 0) + 1);
    }
  }
  const total = (judgement: Judgement): number => [...counts.values()].reduce((sum, own) => sum + (own.get(judgement) ?? 0), 0);
  const columns = openColumns(source);
  return {
    figures: [
      { label: 'assets in scope', value: source.assets.length },
      { label: 'late', value: total('late') },
      { label: 'open in time', value: total('inTime') },
      { label: '% in time', value: percent(total('inTime') + total('fixedInTime'), total('late') + total('fixedLate')) },
    ],
    tables: [
      {
        heading: 'By severity',
        note: exploitedNote(deadlines),
        columns: bySeverity,
        rows: rowsOf(
          severities.map((severity): Cell[] => {
            const count = (judgement: Judgement): number => counts.get(severity)?.get(judgement) ?? 0;
            const open = [count('late'), count('inTime'), count('withoutDeadline')];
            return [
              severityNames[severity],
              deadlines[severityNames[severity]],
              ...open,
              count('fixedInTime'),
              count('fixedLate'),
            ];
          }),
        ),
        isMain: false,
        empty: '',
      },
      {
        heading: 'Open detections and their deadlines',
        columns: plain(columns),
        rows: toRows(detectionsOf(source, { status: 'open' }), columns),
        isMain: true,
        empty: 'Nothing was open.',
      },
    ],
  };
}

function openColumns({ asOf, deadlines }: ReportSource): DetectionColumn[] {
  const due = (one: ReportDetection): Date | null => dueAt(one, deadlines);
  return [
    known.asset,
    known.severity,
    known.name,
    known.check,
    known.exploited,
    { key: 'foundAt', title: 'Found', kind: 'moment', width: 13, read: ({ foundAgain }) => foundAgain.toISOString() },
    { key: 'dueAt', title: 'Due', kind: 'moment', width: 13, read: (one) => due(one)?.toISOString() ?? null },
    { key: 'state', title: 'State', kind: 'text', width: 9, read: (one) => stateOf(due(one), asOf) },
    { key: 'daysLate', title: 'Days late', kind: 'number', width: 8, read: (one) => daysLate(due(one), asOf) },
    known.packages,
    known.fix,
  ];
}

function judge(one: ReportDetection, { asOf, deadlines }: Pick<ReportSource, 'asOf' | 'deadlines'>): Judgement | null {
  const due = dueAt(one, deadlines);
  if (one.fixedAt === null) return due === null ? 'withoutDeadline' : due < asOf ? 'late' : 'inTime';
  if (due === null || one.fixedAt.getTime() < asOf.getTime() - periodDays * dayMs) return null;
  return one.fixedAt <= due ? 'fixedInTime' : 'fixedLate';
}

/** Null where it has no deadline. What is only information about an asset counts as such, and is not exploited. */
function dueAt({ severity, foundAgain, kevSince, confidence }: ReportDetection, deadlines: ReportDeadlines): Date | null {
  const exploited = kevSince !== null && confidence === 'confirmed' ? deadlines.knownExploited : null;
  const days = [deadlines[severityNames[severity]], exploited].filter((one) => one !== null);
  return days.length === 0 ? null : new Date(foundAgain.getTime() + Math.min(...days) * dayMs);
}

function stateOf(due: Date | null, asOf: Date): string {
  if (due === null) return 'no deadline';
  return due < asOf ? 'late' : 'in time';
}

function daysLate(due: Date | null, asOf: Date): number | null {
  return due === null || due >= asOf ? null : Math.ceil((asOf.getTime() - due.getTime()) / dayMs);
}

function percent(good: number, bad: number): number | null {
  return good + bad === 0 ? null : Math.round((good / (good + bad)) * 1000) / 10;
}

function exploitedNote({ knownExploited }: ReportDeadlines): string {
  return knownExploited === null ? '' : `What CISA lists as exploited is due after ${knownExploited} days where that is sooner.`;
}
