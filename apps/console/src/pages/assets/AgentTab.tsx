import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { formatBytes, formatCount } from '../../ui/format.ts';
import type { AssetDetail } from './AssetPage.tsx';
import { Consumption } from './Consumption.tsx';

const looks = { complete: 'success', partial: 'warning', failed: 'error', unsupported: 'stopped' } as const;

/** The agent and the state of its collectors, as the platform last acknowledged it. */
export function AgentTab({ detail: { agent } }: { detail: AssetDetail }) {
  if (!agent) return <EmptyState title="This asset has no agent">It was enrolled once, and its agent is gone.</EmptyState>;
  return (
    <div className="stack">
      <Container
        header={
          <Header
            variant="h2"
            description={
              <>
                enrolled <Ago at={agent.enrolledAt} />
              </>
            }
          >
            Agent
          </Header>
        }
      >
        <Consumption agent={agent} />
      </Container>
      <Table
        header={
          <Header variant="h2" counter={`(${agent.collectors.length})`}>
            Collectors
          </Header>
        }
        ariaLabels={{ tableLabel: 'Collectors' }}
        wrapLines
        contentDensity="compact"
        items={agent.collectors}
        trackBy="name"
        empty={<EmptyState title="No collector has reported yet">They do within seconds of the agent’s start.</EmptyState>}
        columnDefinitions={[
          { id: 'name', header: 'Collector', isRowHeader: true, cell: (item) => item.name },
          {
            id: 'status',
            header: 'Status',
            cell: (item) => (
              <StatusIndicator type={looks[item.status]}>
                {item.status}
                {item.problem ? `: ${item.problem}` : ''}
              </StatusIndicator>
            ),
          },
          { id: 'rows', header: 'Rows', cell: (item) => formatCount(item.rows) },
          { id: 'sequence', header: 'Sequence', cell: (item) => formatCount(item.sequence) },
          { id: 'changed', header: 'Changed', cell: (item) => <Ago at={item.changedAt} /> },
          { id: 'last', header: 'Last sent', cell: (item) => (item.lastBytes === null ? '–' : formatBytes(item.lastBytes)) },
          {
            id: 'snapshot',
            header: 'Snapshot',
            cell: (item) => (item.snapshotBytes === null ? '–' : formatBytes(item.snapshotBytes)),
          },
          { id: 'digest', header: 'Digest', cell: (item) => <code title={item.digest}>{item.digest.slice(0, 8)}…</code> },
        ]}
      />
    </div>
  );
}
