import Header from '@cloudscape-design/components/header';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { type AgentUpgrade, endpoints } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';

const looks: Record<AgentUpgrade['state'], StatusIndicatorProps.Type> = {
  idle: 'stopped',
  waiting: 'pending',
  downloading: 'in-progress',
  staged: 'in-progress',
  probation: 'in-progress',
  committed: 'success',
  'rolled-back': 'error',
  failed: 'error',
};

/** What agents report of their upgrades, failures first; the API and "vedette release agents" list all of them. */
export function AgentUpgrades() {
  const answer = useApi(endpoints.listAgentUpgrades, { query: { limit: 50 } }, { refetchInterval: 10_000 });
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <Table<AgentUpgrade>
      header={
        <Header variant="h2" counter={answer.data ? `(${answer.data.total})` : ''} description="Failures first">
          Agents
        </Header>
      }
      ariaLabels={{ tableLabel: 'Agents' }}
      wrapLines
      loading={answer.isPending}
      skeleton={{ totalRows: 4 }}
      loadingText="Loading agents …"
      items={answer.data?.items ?? []}
      trackBy="assetId"
      empty={
        <EmptyState title="No agent has reported an upgrade">
          <p>Agents from before this feature fetch from the platform by the older address and report from then on.</p>
        </EmptyState>
      }
      columnDefinitions={[
        {
          id: 'host',
          header: 'Host',
          isRowHeader: true,
          cell: ({ assetId, hostname }) => <AppLink to={paths.asset(assetId)}>{hostname}</AppLink>,
        },
        { id: 'runs', header: 'Runs', cell: ({ version }) => version },
        { id: 'wants', header: 'Upgrade to', cell: ({ target, desired }) => target ?? desired ?? '–' },
        { id: 'state', header: 'State', cell: ({ state }) => <StatusIndicator type={looks[state]}>{state}</StatusIndicator> },
        { id: 'reason', header: 'Reason', cell: reasonOf },
        { id: 'since', header: 'Since', cell: ({ since }) => <Ago at={since} /> },
      ]}
    />
  );
}

function reasonOf({ reason, detail, held, pinned, bytes, state, contentProblems }: AgentUpgrade): string {
  const progress =
    state === 'downloading' && bytes && bytes.expected > 0 ? `${Math.floor((bytes.received / bytes.expected) * 100)} %` : null;
  const content = Object.entries(contentProblems).map(([kind, problem]) => `${kind} ${problem.version}: ${problem.detail}`);
  const parts = [reason, detail, held && `held: ${held}`, pinned && `pinned to ${pinned}`, progress, ...content];
  return parts.filter(Boolean).join(', ') || '–';
}
