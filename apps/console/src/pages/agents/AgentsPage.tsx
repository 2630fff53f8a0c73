import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import { type ActivationKey, endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { InstallLine } from '../../components/AddAsset.tsx';
import { AgentHealth } from '../../components/AgentHealth.tsx';
import { ConfirmRevoke } from '../../components/ConfirmRevoke.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { lifetimeColumns } from '../../components/lifetime-columns.tsx';
import { ShownOnce } from '../../components/ShownOnce.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { formatCount, plural } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { CreateKey } from './CreateKey.tsx';

const lifetime = lifetimeColumns(stateOf);

const columns: readonly Column<ActivationKey>[] = [
  { id: 'name', header: 'Name', text: (item) => item.name, cell: (item) => item.name },
  lifetime.state,
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
  lifetime.created,
  lifetime.expires,
];

type Created = ReplyOf<typeof endpoints.createActivationKey>;

export function AgentsPage() {
  useTitle('Agents');
  const may = useMay();
  useFrame({}, 'agents');
  const answer = useApi(endpoints.listActivationKeys, {});
  const fleet = useApi(endpoints.getDashboard, {}, { enabled: may('detection:read') });
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
      {fleet.data && fleet.data.assets > 0 ? <AgentHealth data={fleet.data} /> : null}
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

function stateOf({ revokedAt, expiresAt, maxUses, uses }: ActivationKey, now: number): string {
  if (revokedAt !== null) return 'Revoked';
  if (expiresAt !== null && Date.parse(expiresAt) < now) return 'Expired';
  return maxUses !== null && uses >= maxUses ? 'Used up' : 'Usable';
}

function NewSecret({ created, onDismiss }: { created: Created; onDismiss: () => void }) {
  return (
    <ShownOnce header={`“${created.name}” is ready: keep its secret now, it is not shown again`} onDismiss={onDismiss}>
      <CopyLine label="the secret" text={created.secret} />
      <InstallLine secret={created.secret} />
    </ShownOnce>
  );
}
