import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { type ActivationKey, endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { InstallLine } from '../../components/AddAsset.tsx';
import { ConfirmRevoke } from '../../components/ConfirmRevoke.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { formatCount, formatMoment, plural } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { useNow } from '../../ui/use-now.ts';
import { useTitle } from '../../ui/use-title.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { CreateKey } from './CreateKey.tsx';

const columns: readonly Column<ActivationKey>[] = [
  { id: 'name', header: 'Name', text: (item) => item.name, cell: (item) => item.name },
  { id: 'state', header: 'State', text: (item) => stateOf(item, Date.now()), cell: (item) => <KeyState item={item} /> },
  {
    id: 'uses',
    header: 'Agents enrolled',
    isHighestFirst: true,
    text: (item) => item.uses,
    cell: (item) => (
      <>
        <AppLink
          to={paths.assets({ query: `activationKey:${item.activationKeyId}` })}
          ariaLabel={`${plural(item.uses, 'agent')} enrolled with ${item.name}`}
        >
          {formatCount(item.uses)}
        </AppLink>
        {item.maxUses === null ? '' : ` of ${formatCount(item.maxUses)}`}
      </>
    ),
  },
  { id: 'most', header: 'At most', isExtra: true, text: (item) => item.maxUses, cell: (item) => item.maxUses ?? 'any number' },
  {
    id: 'created',
    header: 'Created',
    isHighestFirst: true,
    text: (item) => item.createdAt,
    cell: (item) => <Ago at={item.createdAt} />,
  },
  {
    id: 'expires',
    header: 'Expires',
    text: (item) => item.expiresAt,
    cell: (item) => (item.expiresAt === null ? 'never' : formatMoment(item.expiresAt)),
  },
];

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
  const revoke = (item: ActivationKey) =>
    item.revokedAt === null ? (
      <Button variant="inline-link" ariaLabel={`Revoke ${item.name}`} onClick={() => setRevoking(item)}>
        Revoke
      </Button>
    ) : (
      '–'
    );
  return (
    <div className="stack">
      <Header variant="h1" description="An activation key lets agents enroll; each becomes an asset">
        Agents
      </Header>
      {created ? <NewSecret created={created} onDismiss={() => setCreated(null)} /> : null}
      <WholeTable
        title="Activation keys"
        noun="activation keys"
        columns={columns}
        keyOf={({ activationKeyId }) => activationKeyId}
        answer={answer}
        actions={may('activation-key:write') ? create : null}
        rowActions={may('activation-key:write') ? revoke : undefined}
        empty={
          <EmptyState title="No activation key">
            <p>Create one, then start an agent with it.</p>
          </EmptyState>
        }
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
  const state = stateOf(item, useNow());
  return (
    <StatusIndicator type={state === 'Usable' ? 'success' : 'stopped'} wrapText={false}>
      {state}
    </StatusIndicator>
  );
}

function stateOf({ revokedAt, expiresAt, maxUses, uses }: ActivationKey, now: number): string {
  if (revokedAt !== null) return 'Revoked';
  if (expiresAt !== null && Date.parse(expiresAt) < now) return 'Expired';
  return maxUses !== null && uses >= maxUses ? 'Used up' : 'Usable';
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
