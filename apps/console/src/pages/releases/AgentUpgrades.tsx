import Button from '@cloudscape-design/components/button';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { type AgentUpgrade, AgentUpgradeSorting, endpoints, RolloutProgress, UpgradeState } from '@vedette/protocol';
import { useList } from '../../api/use-list.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';

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

const words: Record<RolloutProgress, string> = {
  pending: 'pending',
  waiting: 'waiting',
  upgrading: 'upgrading',
  done: 'done',
  failed: 'failed',
  rolledBack: 'rolled back',
  lost: 'not heard of since',
};

const columns: readonly Column<AgentUpgrade>[] = [
  {
    id: 'host',
    header: 'Host',
    sort: 'hostname',
    text: ({ hostname }) => hostname,
    cell: ({ assetId, hostname }) => <AppLink to={paths.asset(assetId, 'agent')}>{hostname}</AppLink>,
  },
  { id: 'runs', header: 'Runs', sort: 'version', text: ({ version }) => version, cell: ({ version }) => version },
  { id: 'wants', header: 'Upgrade to', sort: 'target', text: wantedOf, cell: (item) => wantedOf(item) ?? '–' },
  {
    id: 'state',
    header: 'State',
    sort: 'state',
    minWidth: 120,
    text: ({ state }) => state,
    cell: ({ state }) => <StatusIndicator type={looks[state]}>{state}</StatusIndicator>,
  },
  { id: 'reason', header: 'Reason', sort: 'reason', minWidth: 160, text: reasonOf, cell: reasonOf },
  {
    id: 'since',
    header: 'Since',
    sort: 'since',
    isHighestFirst: true,
    text: ({ since }) => since,
    cell: ({ since }) => <Ago at={since} />,
  },
];

const states: readonly ['', ...AgentUpgrade['state'][]] = ['', ...UpgradeState.options];
const progresses: readonly ['', ...RolloutProgress[]] = ['', ...RolloutProgress.options];

/** What agents report of their upgrades, failures first: of all, or of one roll-out those that are so far. */
export function AgentUpgrades() {
  const [address, change] = useUrlState('agent');
  const state = oneOf(address['state'], states);
  const { rollout } = address; // the platform checks it
  const progress = oneOf(address['progress'], progresses);
  const list = useList(
    endpoints.listAgentUpgrades,
    {
      query: {
        state: state || undefined,
        rollout,
        progress: rollout && progress ? progress : undefined,
        sort: AgentUpgradeSorting.catch('failures').parse(address['sort']),
        direction: oneOf(address['direction'], ['ascending', 'descending']),
      },
    },
    { refetchInterval: 10_000 },
  );
  return (
    <ListTable
      title="Agents"
      noun="agents"
      scope="agent"
      description={address['sort'] ? undefined : 'Failures first'}
      columns={columns}
      keyOf={({ assetId }) => assetId}
      list={list}
      filter={
        <div className="filters">
          <FilterSelect
            label="State"
            value={state}
            choices={states.map((one) => [one, one === '' ? 'any' : one] as const)}
            onChange={(value) => change({ state: value })}
          />
          {rollout ? (
            <>
              <FilterSelect
                label="In this roll-out"
                value={progress}
                choices={progresses.map((one) => [one, one === '' ? 'any' : words[one]] as const)}
                onChange={(value) => change({ progress: value })}
              />
              <Button onClick={() => change({ rollout: undefined, progress: undefined })}>Of all roll-outs</Button>
            </>
          ) : null}
        </div>
      }
      empty={
        state || rollout ? (
          <EmptyState title="No agent is so far">Choose another state.</EmptyState>
        ) : (
          <EmptyState title="No agent has reported an upgrade">
            <p>Agents from before this feature fetch from the platform by the older address and report from then on.</p>
          </EmptyState>
        )
      }
    />
  );
}

function wantedOf({ target, desired }: AgentUpgrade): string | null {
  return target ?? desired;
}

function reasonOf({ reason, detail, held, pinned, bytes, state, contentProblems }: AgentUpgrade): string {
  const progress =
    state === 'downloading' && bytes && bytes.expected > 0 ? `${Math.floor((bytes.received / bytes.expected) * 100)} %` : null;
  const content = Object.entries(contentProblems).map(([kind, problem]) => `${kind} ${problem.version}: ${problem.detail}`);
  const parts = [reason, detail, held && `held: ${held}`, pinned && `pinned to ${pinned}`, progress, ...content];
  return parts.filter(Boolean).join(', ') || '–';
}
