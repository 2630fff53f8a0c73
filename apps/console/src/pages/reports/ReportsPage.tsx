import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Report } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { useList } from '../../api/use-list.ts';
import { useFrame } from '../../components/frame-state.ts';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatBytes, formatMoment } from '../../ui/format.ts';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';
import { CreateReport } from './CreateReport.tsx';
import { kindWord, titleOf } from './kind-words.ts';
import { Schedules } from './Schedules.tsx';

const pollMs = 2000;
/** Of the table of reports; that of schedules has an order of its own. */
const scope = 'report';

const columns: readonly Column<Report>[] = [
  { id: 'name', header: 'Report', sort: 'name', text: titleOf, cell: (item) => <ReportName item={item} /> },
  { id: 'kind', header: 'Kind', sort: 'kind', text: ({ kind }) => kindWord(kind), cell: ({ kind }) => kindWord(kind) },
  {
    id: 'asOf',
    header: 'As of',
    sort: 'asOf',
    isHighestFirst: true,
    text: ({ asOf }) => asOf,
    cell: ({ asOf }) => formatMoment(asOf),
  },
  { id: 'scope', header: 'Scope', sort: 'scope', text: scopeOf, cell: scopeOf },
  { id: 'state', header: 'State', sort: 'state', text: ({ state }) => state, cell: (item) => <ReportState item={item} /> },
  { id: 'rows', header: 'Rows', sort: 'rows', isHighestFirst: true, text: ({ rows }) => rows, cell: ({ rows }) => rows ?? '–' },
  {
    id: 'created',
    header: 'Created',
    sort: 'createdAt',
    isHighestFirst: true,
    text: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <Ago at={createdAt} />,
  },
  {
    id: 'by',
    header: 'Created by',
    sort: 'createdBy',
    isExtra: true,
    text: ({ createdBy }) => createdBy,
    cell: ({ createdBy }) => createdBy,
  },
];

function scopeOf({ assets, detections }: Report): string {
  return [assets, detections].filter(Boolean).join(' · ') || 'all';
}

/** Reports that were made, and those that are made at certain times. */
export function ReportsPage() {
  useTitle('Reports');
  useFrame({}, 'reports');
  const [creating, setCreating] = useState(false);
  return (
    <div className="stack">
      <Header
        variant="h1"
        description="Of any moment of the past; the same moment gives the same bytes"
        actions={
          <Button variant="primary" onClick={() => setCreating(true)}>
            Create report
          </Button>
        }
      >
        Reports
      </Header>
      <Made />
      <Schedules />
      {creating ? <CreateReport onClose={() => setCreating(false)} /> : null}
    </div>
  );
}

function isUnderWay({ state }: Report): boolean {
  return state === 'queued' || state === 'running';
}

function Made() {
  const [isWaiting, setIsWaiting] = useState(true);
  const [order] = useUrlState(scope);
  const sort = oneOf(order['sort'], ['createdAt', 'name', 'kind', 'asOf', 'scope', 'state', 'rows', 'createdBy']);
  const direction = oneOf(order['direction'], ['ascending', 'descending']);
  const list = useList(endpoints.listReports, { query: { sort, direction } }, isWaiting ? { refetchInterval: pollMs } : {});
  const underWay = list.isPending || list.items.some(isUnderWay);
  if (underWay !== isWaiting) setIsWaiting(underWay);
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: (reportId: Report['reportId']) => call(endpoints.deleteReport, { params: { reportId } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listReports) }),
  });
  return (
    <>
      {remove.error ? <Failure error={remove.error} /> : null}
      <ListTable
        title="Made reports"
        noun="reports"
        scope={scope}
        columns={columns}
        keyOf={({ reportId }) => reportId}
        list={list}
        rowActions={({ reportId, name }) => (
          <Button variant="inline-link" ariaLabel={`Delete ${name}`} onClick={() => remove.mutate(reportId)}>
            Delete
          </Button>
        )}
        empty={
          <EmptyState title="No report yet">
            <p>Create one, or have it made every Monday: a summary for those who decide, a fix list for those who upgrade.</p>
          </EmptyState>
        }
      />
    </>
  );
}

function ReportName({ item }: { item: Report }) {
  const text = titleOf(item);
  const address = `/api/v1/reports/${encodeURIComponent(item.reportId)}/file`;
  return item.state === 'done' ? <Link href={address}>{text}</Link> : text;
}

function ReportState({ item: { state, problem, bytes } }: { item: Report }) {
  if (state === 'done') return <StatusIndicator type="success">Done, {formatBytes(bytes ?? 0)}</StatusIndicator>;
  if (state === 'failed') return <StatusIndicator type="error">{problem ?? 'Failed'}</StatusIndicator>;
  return (
    <StatusIndicator type={state === 'running' ? 'in-progress' : 'pending'}>
      {state === 'running' ? 'Being made' : 'Waiting'}
    </StatusIndicator>
  );
}
