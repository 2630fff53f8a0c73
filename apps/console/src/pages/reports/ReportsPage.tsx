import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Report } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatBytes, formatMoment } from '../../ui/format.ts';
import { useTitle } from '../../ui/use-title.ts';
import { CreateReport } from './CreateReport.tsx';
import { kindWords } from './kind-words.ts';
import { Schedules } from './Schedules.tsx';

const pollMs = 2000;

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
  const answer = useApi(endpoints.listReports, { query: { limit: 100 } }, isWaiting ? { refetchInterval: pollMs } : {});
  const items = answer.data?.items ?? [];
  const underWay = answer.data === undefined || items.some(isUnderWay);
  if (underWay !== isWaiting) setIsWaiting(underWay);
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: (reportId: Report['reportId']) => call(endpoints.deleteReport, { params: { reportId } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listReports) }),
  });
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <>
      {remove.error ? <Failure error={remove.error} /> : null}
      <Table<Report>
        header={
          <Header variant="h2" counter={answer.data ? `(${answer.data.total})` : ''}>
            Made reports
          </Header>
        }
        ariaLabels={{ tableLabel: 'Made reports' }}
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading reports …"
        items={items}
        trackBy="reportId"
        empty={
          <EmptyState title="No report yet">
            <p>Create one, or have it made every Monday: a summary for those who decide, a fix list for those who upgrade.</p>
          </EmptyState>
        }
        columnDefinitions={[
          { id: 'name', header: 'Report', isRowHeader: true, cell: (item) => <ReportName item={item} /> },
          { id: 'kind', header: 'Kind', cell: ({ kind }) => kindWords[kind] },
          { id: 'asOf', header: 'As of', cell: ({ asOf }) => formatMoment(asOf) },
          {
            id: 'scope',
            header: 'Scope',
            cell: ({ assets, detections }) => [assets, detections].filter(Boolean).join(' · ') || 'all',
          },
          { id: 'state', header: 'State', cell: (item) => <ReportState item={item} /> },
          { id: 'rows', header: 'Rows', cell: ({ rows }) => rows ?? '–' },
          { id: 'created', header: 'Created', cell: ({ createdAt }) => <Ago at={createdAt} /> },
          {
            id: 'action',
            header: 'Action',
            minWidth: 130,
            cell: ({ reportId, name }) => (
              <Button variant="inline-link" ariaLabel={`Delete ${name}`} onClick={() => remove.mutate(reportId)}>
                Delete
              </Button>
            ),
          },
        ]}
      />
    </>
  );
}

function ReportName({ item: { reportId, name, format, state } }: { item: Report }) {
  const text = `${name} (${format.toUpperCase()})`;
  return state === 'done' ? <Link href={`/api/v1/reports/${encodeURIComponent(reportId)}/file`}>{text}</Link> : text;
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
