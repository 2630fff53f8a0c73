import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { ChannelId, type Delivery, DeliverySorting, endpoints } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { useList } from '../../api/use-list.ts';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';

const types = { waiting: 'pending', delivered: 'success', 'given-up': 'error' } as const;
const stateChoices = [
  ['', 'any'],
  ['waiting', 'waiting'],
  ['delivered', 'delivered'],
  ['given-up', 'given up'],
] as const;

const columns: readonly Column<Delivery>[] = [
  {
    id: 'subject',
    header: 'Message',
    sort: 'subject',
    cell: ({ subject }) => subject,
    text: ({ subject }) => subject,
    minWidth: 180,
  },
  { id: 'channel', header: 'Channel', sort: 'channel', cell: ({ channel }) => channel, text: ({ channel }) => channel },
  {
    id: 'events',
    header: 'Events',
    sort: 'events',
    isHighestFirst: true,
    cell: ({ events }) => events,
    text: ({ events }) => events,
  },
  {
    id: 'state',
    header: 'State',
    sort: 'state',
    cell: ({ state, problem }) => (
      <StatusIndicator type={types[state]}>{problem === null ? state : `${state}: ${problem}`}</StatusIndicator>
    ),
    text: ({ state, problem }) => [state, problem].filter(Boolean).join(': '),
    minWidth: 180,
  },
  {
    id: 'attempts',
    header: 'Attempts',
    sort: 'attempts',
    isHighestFirst: true,
    cell: ({ attempts }) => attempts,
    text: ({ attempts }) => attempts,
  },
  {
    id: 'at',
    header: 'Made',
    sort: 'createdAt',
    isHighestFirst: true,
    cell: ({ createdAt }) => <Ago at={createdAt} />,
    text: ({ createdAt }) => createdAt,
  },
  {
    id: 'due',
    header: 'Tried next',
    sort: 'dueAt',
    cell: ({ state, dueAt }) => (state === 'waiting' ? <Ago at={dueAt} /> : '–'),
    text: ({ state, dueAt }) => (state === 'waiting' ? dueAt : ''),
    isExtra: true,
  },
];

/** What was sent, what waits, and why. */
export function Deliveries() {
  const [address, change] = useUrlState();
  const channels = useApi(endpoints.listNotificationChannels, {});
  const state = oneOf(address['state'], ['', 'waiting', 'delivered', 'given-up']);
  const channelId = ChannelId.safeParse(address['channel']).data;
  const list = useList(
    endpoints.listDeliveries,
    {
      query: {
        ...(state === '' ? {} : { state }),
        ...(channelId ? { channelId } : {}),
        sort: DeliverySorting.catch('createdAt').parse(address['sort']),
        direction: oneOf(address['direction'], ['ascending', 'descending']),
      },
    },
    { refetchInterval: 10_000 },
  );
  return (
    <ListTable
      title="Delivery log"
      noun="deliveries"
      columns={columns}
      keyOf={({ messageId }) => messageId}
      list={list}
      filter={
        <div className="filters">
          <FilterSelect label="State" value={state} choices={stateChoices} onChange={(value) => change({ state: value })} />
          <FilterSelect
            label="Channel"
            value={channelId ?? ''}
            choices={[['', 'any'], ...(channels.data?.items ?? []).map((one) => [one.channelId, one.name] as const)]}
            onChange={(value) => change({ channel: value })}
          />
        </div>
      }
      empty={
        <EmptyState title={state || channelId ? 'No delivery matches' : 'Nothing was sent yet'}>
          <p>What rules tell appears here, with the answer of whoever it was sent to.</p>
        </EmptyState>
      }
    />
  );
}
