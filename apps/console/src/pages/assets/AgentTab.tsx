import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { AgentState } from '@vedette/protocol';
import { useMemo } from 'react';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { formatBytes, formatCount } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { answerWith } from '../../ui/whole-list.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { factTablesOf } from './fact-tables.tsx';
import { useMay } from '../../api/use-may.ts';
import { AgentSettings } from './AgentSettings.tsx';
import type { AssetDetail } from './AssetPage.tsx';
import { Consumption } from './Consumption.tsx';

type Collector = AgentState['collectors'][number];

const looks = { complete: 'success', partial: 'warning', failed: 'error', unsupported: 'stopped' } as const;

/** What each has reported: its rows, where a tab of the page shows them. */
function collectorColumns(assetId: string, collectors: readonly Collector[]): readonly Column<Collector>[] {
  const tabs = new Map<string, string>(factTablesOf(collectors).map(({ collector, tab }) => [collector, tab]));
  const rows = (item: Collector) => {
    const tab = tabs.get(item.name);
    const count = formatCount(item.rows);
    return tab === undefined ? (
      count
    ) : (
      <AppLink to={paths.asset(assetId, tab)} ariaLabel={`${count} rows of ${item.name}`}>
        {count}
      </AppLink>
    );
  };
  const [name, status, ...others] = steadyColumns;
  return [name, status, { id: 'rows', header: 'Rows', isHighestFirst: true, text: (item) => item.rows, cell: rows }, ...others];
}

const steadyColumns: readonly [Column<Collector>, Column<Collector>, ...Column<Collector>[]] = [
  { id: 'name', header: 'Collector', text: ({ name }) => name, cell: ({ name }) => name, minWidth: 140 },
  {
    id: 'status',
    header: 'Status',
    minWidth: 120,
    text: ({ status, problem }) => [status, problem].filter(Boolean).join(': '),
    cell: ({ status, problem }) => (
      <StatusIndicator type={looks[status]}>{[status, problem].filter(Boolean).join(': ')}</StatusIndicator>
    ),
  },
  {
    id: 'sequence',
    header: 'Sequence',
    isHighestFirst: true,
    text: ({ sequence }) => sequence,
    cell: ({ sequence }) => formatCount(sequence),
  },
  {
    id: 'changed',
    header: 'Changed',
    isHighestFirst: true,
    text: ({ changedAt }) => changedAt,
    cell: ({ changedAt }) => <Ago at={changedAt} />,
  },
  bytesColumn('last', 'Last sent', ({ lastBytes }) => lastBytes),
  bytesColumn('snapshot', 'Snapshot', ({ snapshotBytes }) => snapshotBytes),
  {
    id: 'digest',
    header: 'Digest',
    text: ({ digest }) => digest,
    cell: ({ digest }) => <code title={digest}>{digest.slice(0, 8)}…</code>,
  },
];

function bytesColumn(id: string, header: string, text: (item: Collector) => number | null): Column<Collector> {
  const cell = (item: Collector) => {
    const bytes = text(item);
    return bytes === null ? '–' : formatBytes(bytes);
  };
  return { id, header, isHighestFirst: true, text, cell };
}

/** The agent and the state of its collectors, as the platform last acknowledged it. */
export function AgentTab({ detail: { agent, asset } }: { detail: AssetDetail }) {
  const may = useMay();
  const columns = useMemo(() => collectorColumns(asset.assetId, agent?.collectors ?? []), [asset.assetId, agent]);
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
      <WholeTable
        title="Collectors"
        noun="collectors"
        scope="collector"
        columns={columns}
        keyOf={({ name }) => name}
        answer={answerWith(agent.collectors)}
        empty={<EmptyState title="No collector has reported yet">They do within seconds of the agent’s start.</EmptyState>}
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
