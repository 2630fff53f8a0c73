import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Rollout, type RolloutState } from '@vedette/protocol';
import { call, type InputOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';

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

/** Roll-outs with what can be done about each. */
export function Rollouts() {
  const answer = useApi(endpoints.listRollouts, { query: { limit: 20 } }, { refetchInterval: 10_000 });
  const queries = useQueryClient();
  const may = useMay();
  const change = useMutation({
    mutationFn: ({ rolloutId, action }: { rolloutId: string; action: Action }) =>
      call(endpoints.changeRollout, { params: { rolloutId }, body: { action } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listRollouts) }),
  });
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <>
      {change.error ? <Failure error={change.error} /> : null}
      <Table<Rollout>
        header={<Header variant="h2">Roll-outs</Header>}
        ariaLabels={{ tableLabel: 'Roll-outs' }}
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading roll-outs …"
        items={answer.data?.items ?? []}
        trackBy="rolloutId"
        empty={
          <EmptyState title="Nothing is rolled out">
            <p>Begin with a published version below: first the canaries get it, then a share, then all.</p>
          </EmptyState>
        }
        columnDefinitions={[
          { id: 'version', header: 'Version', isRowHeader: true, cell: ({ subject, version }) => `${subject} ${version}` },
          {
            id: 'state',
            header: 'State',
            minWidth: 130,
            cell: ({ state }) => <StatusIndicator type={looks[state]}>{state}</StatusIndicator>,
          },
          { id: 'ring', header: 'Ring', cell: ({ rings, ring }) => rings[ring]?.name ?? '' },
          { id: 'progress', header: 'Progress', cell: ({ progress }) => describe(progress) },
          { id: 'reason', header: 'Reason', cell: ({ reason }) => reason || '–' },
          { id: 'since', header: 'Changed', cell: ({ changedAt }) => <Ago at={changedAt} /> },
          {
            id: 'action',
            header: 'Action',
            cell: ({ rolloutId, state, version }) => (
              <SpaceBetween direction="horizontal" size="xs">
                {(may('release:write') ? actions[state] : []).map(([action, label]) => (
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
            ),
          },
        ]}
      />
    </>
  );
}

function describe({ targeted, done, pending, waiting, upgrading, failed, rolledBack, lost }: Rollout['progress']): string {
  const parts = [
    [upgrading, 'upgrading'],
    [waiting, 'waiting'],
    [pending, 'pending'],
    [failed, 'failed'],
    [rolledBack, 'rolled back'],
    [lost, 'not heard of since'],
  ] as const;
  const rest = parts.flatMap(([count, word]) => (count > 0 ? `${count} ${word}` : []));
  return `${done} of ${targeted} done${rest.length > 0 ? `, ${rest.join(', ')}` : ''}`;
}
