import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { startRegistration } from '@simplewebauthn/browser';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type SecondFactorId } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { Ago } from '../../ui/Ago.tsx';
import { ShownOnce } from '../../components/ShownOnce.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { AddTotp } from './AddTotp.tsx';

const kinds = { totp: 'Authenticator program', webauthn: 'Key or passkey' } as const;

type SecondFactor = ReplyOf<typeof endpoints.listSecondFactors>['items'][number];

const columns: readonly Column<SecondFactor>[] = [
  { id: 'name', header: 'Name', text: ({ name }) => name, cell: ({ name }) => name, minWidth: 140 },
  { id: 'kind', header: 'Kind', text: ({ kind }) => kinds[kind], cell: ({ kind }) => kinds[kind] },
  {
    id: 'created',
    header: 'Added',
    isHighestFirst: true,
    text: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <Ago at={createdAt} />,
  },
  {
    id: 'used',
    header: 'Last used',
    isHighestFirst: true,
    text: ({ lastUsedAt }) => lastUsedAt,
    cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} />,
  },
];

export function SecondFactors() {
  const queries = useQueryClient();
  const answer = useApi(endpoints.listSecondFactors, {});
  const [addingTotp, setAddingTotp] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const changed = async (recoveryCodes: readonly string[] | null = null) => {
    if (recoveryCodes) setCodes(recoveryCodes);
    for (const endpoint of [endpoints.listSecondFactors, endpoints.getSession])
      await queries.invalidateQueries({ queryKey: keyOf(endpoint) });
  };
  const addKey = useMutation({ mutationFn: registerKey, onSuccess: ({ recoveryCodes }) => changed(recoveryCodes) });
  const remove = useMutation({
    mutationFn: (secondFactorId: SecondFactorId) => call(endpoints.deleteSecondFactor, { params: { secondFactorId } }),
    onSuccess: () => changed(),
  });
  const renew = useMutation({
    mutationFn: () => call(endpoints.makeRecoveryCodes, {}),
    onSuccess: ({ recoveryCodes }) => changed(recoveryCodes),
  });
  const error = addKey.error ?? remove.error ?? renew.error;
  const items = answer.data?.items ?? [];
  return (
    <div className="stack">
      {error ? <Failure error={error} /> : null}
      {codes ? <RecoveryCodes codes={codes} onDismiss={() => setCodes(null)} /> : null}
      <WholeTable
        title="Second factors"
        noun="second factors"
        scope="factor"
        description={
          items.length > 0 ? `${answer.data?.recoveryCodes ?? 0} recovery codes are left` : 'What you have, beside what you know'
        }
        columns={columns}
        keyOf={({ secondFactorId }) => secondFactorId}
        answer={answer}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            {items.length > 0 ? (
              <Button loading={renew.isPending} onClick={() => renew.mutate()}>
                New recovery codes
              </Button>
            ) : null}
            <Button onClick={() => setAddingTotp(true)}>Add authenticator program</Button>
            <Button loading={addKey.isPending} onClick={() => addKey.mutate()}>
              Add key or passkey
            </Button>
          </SpaceBetween>
        }
        rowActions={({ secondFactorId, name }) => (
          <Button variant="inline-link" ariaLabel={`Remove ${name}`} onClick={() => remove.mutate(secondFactorId)}>
            Remove
          </Button>
        )}
        empty={
          <EmptyState title="No second factor">
            <p>With one, a password that somebody found out opens nothing.</p>
          </EmptyState>
        }
      />
      {addingTotp ? (
        <AddTotp
          onClose={(recoveryCodes) => {
            setAddingTotp(false);
            if (recoveryCodes !== undefined) void changed(recoveryCodes);
          }}
        />
      ) : null}
    </div>
  );
}

async function registerKey() {
  const { options } = await call(endpoints.startWebauthn, {});
  const response = await startRegistration({ optionsJSON: options as never }); // as the platform's library made it
  const name = response.authenticatorAttachment === 'platform' ? 'Passkey of this device' : 'Security key';
  return call(endpoints.confirmWebauthn, { body: { name, response: { ...response } } });
}

function RecoveryCodes({ codes, onDismiss }: { codes: readonly string[]; onDismiss: () => void }) {
  return (
    <ShownOnce header="Keep these recovery codes now, they are not shown again" onDismiss={onDismiss}>
      <p>Each opens your account once, where your second factor is lost.</p>
      <pre className="plain">{codes.join('\n')}</pre>
    </ShownOnce>
  );
}
