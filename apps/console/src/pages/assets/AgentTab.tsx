import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import type { AgentState } from '@vedette/protocol';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { formatBytes, formatCount } from '../../ui/format.ts';
import { useMay } from '../../api/use-may.ts';
import { AgentSettings } from './AgentSettings.tsx';
import type { AssetDetail } from './AssetPage.tsx';
import { Consumption } from './Consumption.tsx';

const looks = { complete: 'success', partial: 'warning', failed: 'error', unsupported: 'stopped' } as const;

/** The agent and the state of its collectors, as the platform last acknowledged it. */
export function AgentTab({ detail: { agent, asset } }: { detail: AssetDetail }) {
  const may = useMay();
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
      {may('profile:read') ? <AgentSettings key={asset.assetId} assetId={asset.assetId} /> : null}
      <Watching watching={agent.watching} />
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

const ways = [
  ['fanotify', 'Events of whole file systems', 'the kernel tells at once, whatever the directory'],
  ['inotify', 'Events of single files', 'the kernel tells at once'],
  ['kernel', 'Messages of the kernel', 'about what is no file: addresses, mounts, modules'],
  ['polling', 'Looked at now and then', 'seconds to minutes late'],
] as const;

/** How the agent comes to know of changes. */
function Watching({ watching }: { watching: AgentState['watching'] }) {
  return (
    <Container
      header={
        <Header variant="h2" description="How it comes to know of changes, and of how many files and events">
          Watching
        </Header>
      }
    >
      {watching ? (
        <KeyValuePairs
          columns={4}
          items={ways.map(([way, label, note]) => ({
            label,
            value: (
              <>
                {formatCount(watching[way])}
                <span className="under">{note}</span>
              </>
            ),
          }))}
        />
      ) : (
        <span className="quiet">The agent has not said; one of version 0.2 and later does with its next check-in.</span>
      )}
    </Container>
  );
}
