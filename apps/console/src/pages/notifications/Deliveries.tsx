import Header from '@cloudscape-design/components/header';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { type Delivery, endpoints } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';

const types = { waiting: 'pending', delivered: 'success', 'given-up': 'error' } as const;

/** What was sent, what waits, and why. */
export function Deliveries() {
  const answer = useApi(endpoints.listDeliveries, { query: { limit: 100 } }, { refetchInterval: 10_000 });
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <Table<Delivery>
      header={
        <Header variant="h2" counter={answer.data ? `(${answer.data.total})` : ''}>
          Delivery log
        </Header>
      }
      ariaLabels={{ tableLabel: 'Delivery log' }}
      wrapLines
      loading={answer.isPending}
      loadingText="Loading deliveries …"
      items={answer.data?.items ?? []}
      trackBy="messageId"
      empty={
        <EmptyState title="Nothing was sent yet">
          <p>What rules tell appears here, with the answer of whoever it was sent to.</p>
        </EmptyState>
      }
      columnDefinitions={[
        { id: 'subject', header: 'Message', isRowHeader: true, cell: ({ subject }) => subject },
        { id: 'channel', header: 'Channel', cell: ({ channel }) => channel },
        { id: 'events', header: 'Events', cell: ({ events }) => events },
        {
          id: 'state',
          header: 'State',
          cell: ({ state, problem }) => <StatusIndicator type={types[state]}>{problem ?? state}</StatusIndicator>,
        },
        { id: 'attempts', header: 'Attempts', cell: ({ attempts }) => attempts },
        { id: 'at', header: 'Made', cell: ({ createdAt }) => <Ago at={createdAt} /> },
      ]}
    />
  );
}
