import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { type ActivationKey, endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { InstallLine } from '../../components/AddAsset.tsx';
import { ConfirmRevoke } from '../../components/ConfirmRevoke.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { Ago } from '../../ui/Ago.tsx';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount, formatMoment } from '../../ui/format.ts';
import { useNow } from '../../ui/use-now.ts';
import { useTitle } from '../../ui/use-title.ts';
import { CreateKey } from './CreateKey.tsx';

type Created = ReplyOf<typeof endpoints.createActivationKey>;

export function AgentsPage() {
  useTitle('Agents');
  const may = useMay();
  useFrame({}, 'agents');
  const answer = useApi(endpoints.listActivationKeys, {});
  const [creating, setCreating] = useState(false);
  const [created, setCreated] = useState<Created | null>(null);
  const [revoking, setRevoking] = useState<ActivationKey | null>(null);
  const create = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      Create activation key
    </Button>
  );
  return (
    <div className="stack">
      <Header variant="h1" description="An activation key lets agents enroll; each becomes an asset">
        Agents
      </Header>
      {created ? <NewSecret created={created} onDismiss={() => setCreated(null)} /> : null}
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      <Table
        header={
          <Header
            variant="h2"
            counter={answer.data ? `(${answer.data.items.length})` : ''}
            actions={may('activation-key:write') ? create : null}
          >
            Activation keys
          </Header>
        }
        ariaLabels={{ tableLabel: 'Activation keys' }}
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading activation keys …"
        items={answer.data?.items ?? []}
        trackBy="activationKeyId"
        empty={
          <EmptyState title="No activation key">
            <p>Create one, then start an agent with it.</p>
          </EmptyState>
        }
        columnDefinitions={[
          { id: 'name', header: 'Name', isRowHeader: true, cell: (item) => item.name },
          { id: 'state', header: 'State', cell: (item) => <KeyState item={item} /> },
          {
            id: 'uses',
            header: 'Agents enrolled',
            cell: (item) => `${formatCount(item.uses)}${item.maxUses === null ? '' : ` of ${formatCount(item.maxUses)}`}`,
          },
          { id: 'created', header: 'Created', cell: (item) => <Ago at={item.createdAt} /> },
          {
            id: 'expires',
            header: 'Expires',
            cell: (item) => (item.expiresAt === null ? 'never' : formatMoment(item.expiresAt)),
          },
          {
            id: 'action',
            header: 'Action',
            cell: (item) =>
              item.revokedAt === null && may('activation-key:write') ? (
                <Button variant="inline-link" ariaLabel={`Revoke ${item.name}`} onClick={() => setRevoking(item)}>
                  Revoke
                </Button>
              ) : (
                '–'
              ),
          },
        ]}
      />
      {creating ? (
        <CreateKey
          onClose={(key) => {
            setCreating(false);
            if (key) setCreated(key);
          }}
        />
      ) : null}
      {revoking ? (
        <ConfirmRevoke
          name={revoking.name}
          noun="key"
          revoke={() => call(endpoints.revokeActivationKey, { params: { activationKeyId: revoking.activationKeyId } })}
          listKey={keyOf(endpoints.listActivationKeys)}
          onClose={() => setRevoking(null)}
        >
          No agent can enroll with it any more. Those that have enrolled stay.
        </ConfirmRevoke>
      ) : null}
    </div>
  );
}

function KeyState({ item }: { item: ActivationKey }) {
  const now = useNow();
  if (item.revokedAt !== null)
    return (
      <StatusIndicator type="stopped" wrapText={false}>
        Revoked
      </StatusIndicator>
    );
  if (item.expiresAt !== null && Date.parse(item.expiresAt) < now)
    return (
      <StatusIndicator type="stopped" wrapText={false}>
        Expired
      </StatusIndicator>
    );
  if (item.maxUses !== null && item.uses >= item.maxUses)
    return (
      <StatusIndicator type="stopped" wrapText={false}>
        Used up
      </StatusIndicator>
    );
  return (
    <StatusIndicator type="success" wrapText={false}>
      Usable
    </StatusIndicator>
  );
}

function NewSecret({ created, onDismiss }: { created: Created; onDismiss: () => void }) {
  return (
    <Alert
      type="success"
      dismissible
      dismissAriaLabel="Dismiss"
      onDismiss={onDismiss}
      statusIconAriaLabel="Success"
      header={`“${created.name}” is ready: keep its secret now, it is not shown again`}
    >
      <CopyLine label="the secret" text={created.secret} />
      <InstallLine secret={created.secret} />
    </Alert>
  );
}
