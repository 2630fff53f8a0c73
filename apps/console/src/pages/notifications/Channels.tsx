import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type NotificationChannel } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { Ago } from '../../ui/Ago.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { ShownOnce } from '../../components/ShownOnce.tsx';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { SaveChannel } from './SaveChannel.tsx';

type ChannelKey = NotificationChannel['channelId'];

const columns: readonly Column<NotificationChannel>[] = [
  { id: 'name', header: 'Channel', text: ({ name }) => name, cell: ({ name }) => name, minWidth: 120 },
  { id: 'kind', header: 'Kind', text: ({ settings }) => settings.kind, cell: ({ settings }) => settings.kind },
  {
    id: 'to',
    header: 'To',
    text: ({ settings }) => placeOf(settings),
    cell: ({ settings }) => <span className="breakable">{placeOf(settings)}</span>,
    minWidth: 180,
  },
  { id: 'state', header: 'State', text: stateOf, cell: (item) => <ChannelState item={item} />, minWidth: 120 },
  {
    id: 'waiting',
    header: 'Waiting',
    isHighestFirst: true,
    text: ({ waiting }) => waiting,
    cell: ({ channelId, name, waiting }) => (
      <AppLink to={paths.notifications({ channel: channelId, state: 'waiting' })} ariaLabel={`${waiting} waiting for ${name}`}>
        {formatCount(waiting)}
      </AppLink>
    ),
  },
  {
    id: 'last',
    header: 'Delivered',
    isHighestFirst: true,
    text: ({ lastDeliveredAt }) => lastDeliveredAt,
    cell: ({ lastDeliveredAt }) => (lastDeliveredAt === null ? 'not yet' : <Ago at={lastDeliveredAt} />),
  },
];

/** Where notifications and reports go. */
export function Channels() {
  const answer = useApi(endpoints.listNotificationChannels, {});
  const queries = useQueryClient();
  const [saving, setSaving] = useState<NotificationChannel | 'new' | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const test = useMutation({
    mutationFn: (channelId: ChannelKey) => call(endpoints.testNotificationChannel, { params: { channelId } }),
  });
  const remove = useMutation({
    mutationFn: (channelId: ChannelKey) => call(endpoints.deleteNotificationChannel, { params: { channelId } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listNotificationChannels) }),
  });
  const error = remove.error ?? test.error;
  return (
    <>
      {error ? <Failure error={error} /> : null}
      {test.data ? <Tested {...test.data} /> : null}
      {secret === null ? null : (
        <ShownOnce header="Keep the signing secret now: it is not shown again" onDismiss={() => setSecret(null)}>
          <CopyLine label="the signing secret" text={secret} />
        </ShownOnce>
      )}
      <WholeTable
        title="Channels"
        noun="channels"
        scope="channel"
        columns={columns}
        keyOf={({ channelId }) => channelId}
        answer={answer}
        actions={<Button onClick={() => setSaving('new')}>Create channel</Button>}
        rowActions={(item) => (
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="inline-link" ariaLabel={`Change ${item.name}`} onClick={() => setSaving(item)}>
              Change
            </Button>
            <Button
              variant="inline-link"
              ariaLabel={`Test ${item.name}`}
              loading={test.isPending && test.variables === item.channelId}
              onClick={() => test.mutate(item.channelId)}
            >
              Test
            </Button>
            <Button variant="inline-link" ariaLabel={`Delete ${item.name}`} onClick={() => remove.mutate(item.channelId)}>
              Delete
            </Button>
          </SpaceBetween>
        )}
        empty={
          <EmptyState title="No channel">
            <p>E-mail, a signed webhook, Slack, or syslog: create one and send a test.</p>
          </EmptyState>
        }
      />
      {saving ? (
        <SaveChannel
          known={saving === 'new' ? null : saving}
          onClose={(made) => {
            setSaving(null);
            if (made) setSecret(made);
          }}
        />
      ) : null}
    </>
  );
}

function placeOf(settings: NotificationChannel['settings']): string {
  switch (settings.kind) {
    case 'email':
      return settings.to.join(', ');
    case 'webhook':
      return settings.url;
    case 'slack':
      return 'its webhook';
    case 'syslog':
      return `${settings.transport} ${settings.host}:${settings.port}`;
  }
}

function stateOf({ enabled, problem }: NotificationChannel): string {
  return enabled ? (problem ?? 'Usable') : 'Off';
}

function ChannelState({ item }: { item: NotificationChannel }) {
  const { enabled, problem } = item;
  const type = !enabled ? 'stopped' : problem === null ? 'success' : 'error';
  return <StatusIndicator type={type}>{stateOf(item)}</StatusIndicator>;
}

function Tested({ delivered, problem }: { delivered: boolean; problem: string | null }) {
  return (
    <Alert type={delivered ? 'success' : 'error'} statusIconAriaLabel={delivered ? 'Success' : 'Error'}>
      {delivered ? 'The test message was taken.' : problem}
    </Alert>
  );
}
