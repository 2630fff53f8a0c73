import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Fragment } from 'react';
import { endpoints, type Rollout, RolloutSorting, type RolloutState } from '@vedette/protocol';
import { call, type InputOf } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { useList } from '../../api/use-list.ts';
import { useMay } from '../../api/use-may.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount } from '../../ui/format.ts';
import { matchesOf } from '../../ui/list-total.ts';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { SearchField } from '../../ui/SearchField.tsx';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';

type Action = InputOf<typeof endpoints.changeRollout>['body']['action'];

const actions: Record<RolloutState, readonly (readonly [Action, string])[]> = {
  running: [
    ['promote', 'Promote'],
    ['pause', 'Pause'],
    ['roll-back', 'Roll back'],
  ],
  paused: [
    ['resume', 'Resume'],
    ['roll-back', 'Roll back'],
  ],
  complete: [['roll-back', 'Roll back']],
  'rolled-back': [],
  superseded: [],
};
const looks: Record<RolloutState, StatusIndicatorProps.Type> = {
  running: 'in-progress',
  paused: 'warning',
  complete: 'success',
  'rolled-back': 'error',
  superseded: 'stopped',
};

const scope = 'rollout';

/** Roll-outs with what can be done about each. */
export function Rollouts() {
  const [{ search, sort, direction }] = useUrlState(scope);
  const list = useList(
    endpoints.listRollouts,
    {
      query: {
        search,
        sort: RolloutSorting.catch('newest').parse(sort),
        direction: oneOf(direction, ['ascending', 'descending']),
      },
    },
    { refetchInterval: 10_000 },
  );
  const queries = useQueryClient();
  const may = useMay();
  const change = useMutation({
    mutationFn: ({ rolloutId, action }: { rolloutId: string; action: Action }) =>
      call(endpoints.changeRollout, { params: { rolloutId }, body: { action } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listRollouts) }),
  });
  return (
    <>
      {change.error ? <Failure error={change.error} /> : null}
      <ListTable
        title="Roll-outs"
        noun="roll-outs"
        scope={scope}
        description={sort ? undefined : 'Newest first'}
        columns={columns}
        keyOf={({ rolloutId }) => rolloutId}
        list={list}
        filter={
          // Nothing is to be found in nothing.
          list.total === 0 && !search ? undefined : (
            <div className="filters">
              <SearchField label="Find roll-outs" count={matchesOf(list)} scope={scope} />
            </div>
          )
        }
        rowActions={
          may('release:write')
            ? ({ rolloutId, state, version }) => (
                <SpaceBetween direction="horizontal" size="xs">
                  {actions[state].map(([action, label]) => (
                    <Button
                      key={action}
                      variant="inline-link"
                      ariaLabel={`${label} ${version}`}
                      disabled={change.isPending}
                      onClick={() => change.mutate({ rolloutId, action })}
                    >
                      {label}
                    </Button>
                  ))}
                </SpaceBetween>
              )
            : undefined
        }
        empty={
          search ? (
            <EmptyState title="Nothing matches">Clear the search to see all.</EmptyState>
          ) : (
            <EmptyState title="Nothing is rolled out">
              <p>Begin with a published version below: first the canaries get it, then a share, then all.</p>
            </EmptyState>
          )
        }
      />
    </>
  );
}

const columns: readonly Column<Rollout>[] = [
  { id: 'version', header: 'Version', sort: 'version', text: versionOf, cell: versionOf },
  {
    id: 'state',
    header: 'State',
    sort: 'state',
    minWidth: 130,
    text: ({ state }) => state,
    cell: ({ state }) => <StatusIndicator type={looks[state]}>{state}</StatusIndicator>,
  },
  { id: 'ring', header: 'Ring', sort: 'ring', text: ringOf, cell: ringOf },
  {
    id: 'progress',
    header: 'Progress',
    minWidth: 200,
    text: ({ progress }) =>
      partsOf(progress)
        .map(([, count, word]) => `${count} ${word}`)
        .join(', '),
    cell: (item) => <Progress rollout={item} />,
  },
  { id: 'reason', header: 'Reason', sort: 'reason', text: ({ reason }) => reason, cell: ({ reason }) => reason || '–' },
  {
    id: 'since',
    header: 'Changed',
    sort: 'changedAt',
    isHighestFirst: true,
    text: ({ changedAt }) => changedAt,
    cell: ({ changedAt }) => <Ago at={changedAt} />,
  },
];

function versionOf({ subject, version }: Rollout): string {
  return `${subject} ${version}`;
}

function ringOf({ rings, ring }: Rollout): string {
  return rings[ring]?.name ?? '';
}

/** What agents report of it, in numbers; of those that went well also none. */
function partsOf({ targeted, done, pending, waiting, upgrading, failed, rolledBack, lost }: Rollout['progress']) {
  const parts = [
    ['done', done, `of ${formatCount(targeted)} done`],
    ['upgrading', upgrading, 'upgrading'],
    ['waiting', waiting, 'waiting'],
    ['pending', pending, 'pending'],
    ['failed', failed, 'failed'],
    ['rolledBack', rolledBack, 'rolled back'],
    ['lost', lost, 'not heard of since'],
  ] as const;
  return parts.filter(([progress, count]) => progress === 'done' || count > 0);
}

/** Each number leads to its agents, which are listed below. */
function Progress({ rollout: { rolloutId, progress, version } }: { rollout: Rollout }) {
  return partsOf(progress).map(([kind, count, word], at) => (
    <Fragment key={kind}>
      {at > 0 ? ', ' : ''}
      <AppLink
        to={paths.releases({ 'agent.rollout': rolloutId, 'agent.progress': kind })}
        ariaLabel={`${count} ${word}: agents of ${version}`}
      >
        {formatCount(count)}
      </AppLink>{' '}
      {word}
    </Fragment>
  ));
}
