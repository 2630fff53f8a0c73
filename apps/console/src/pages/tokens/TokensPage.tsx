import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import { type ApiToken, endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { ConfirmRevoke } from '../../components/ConfirmRevoke.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { lifetimeColumns } from '../../components/lifetime-columns.tsx';
import { ShownOnce } from '../../components/ShownOnce.tsx';
import { Ago } from '../../ui/Ago.tsx';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { CreateToken } from './CreateToken.tsx';

const lifetime = lifetimeColumns(stateOf);

const columns: readonly Column<ApiToken>[] = [
  { id: 'name', header: 'Name', text: (item) => item.name, cell: (item) => item.name },
  lifetime.state,
  lifetime.created,
  lifetime.expires,
  { id: 'permissions', header: 'May', text: mayDo, cell: mayDo },
  {
    id: 'used',
    header: 'Last used',
    isHighestFirst: true,
    text: (item) => item.lastUsedAt,
    cell: (item) => (
      <span title={item.lastAddress ?? undefined}>
        <Ago at={item.lastUsedAt} />
      </span>
    ),
  },
];

function mayDo({ permissions }: ApiToken): string {
  return permissions === null ? 'whatever you may' : permissions.join(', ');
}

type Created = ReplyOf<typeof endpoints.createApiToken>;

/** The caller's own API tokens. */
export function TokensPage() {
  useTitle('API tokens');
  useFrame({}, 'tokens');
  const answer = useApi(endpoints.listApiTokens, {});
  const [creating, setCreating] = useState(false);
  const [created, setCreated] = useState<Created | null>(null);
  const [revoking, setRevoking] = useState<ApiToken | null>(null);
  return (
    <div className="stack">
      <Header variant="h1" description="For scripts and the command line: a token may do what you may, or only some of it">
        API tokens
      </Header>
      {created ? <NewSecret created={created} onDismiss={() => setCreated(null)} /> : null}
      <WholeTable
        title="Your tokens"
        noun="API tokens"
        columns={columns}
        keyOf={({ apiTokenId }) => apiTokenId}
        answer={answer}
        actions={
          <Button variant="primary" onClick={() => setCreating(true)}>
            Create API token
          </Button>
        }
        rowActions={(item) => (
          <Button variant="inline-link" ariaLabel={`Revoke ${item.name}`} onClick={() => setRevoking(item)}>
            Revoke
          </Button>
        )}
        empty={
          <EmptyState title="No API token">
            <p>Create one for each script, so that you can revoke it alone.</p>
          </EmptyState>
        }
      />
      {creating ? (
        <CreateToken
          onClose={(token) => {
            setCreating(false);
            if (token) setCreated(token);
          }}
        />
      ) : null}
      {revoking ? (
        <ConfirmRevoke
          name={revoking.name}
          noun="token"
          revoke={() => call(endpoints.deleteApiToken, { params: { apiTokenId: revoking.apiTokenId } })}
          listKey={keyOf(endpoints.listApiTokens)}
          onClose={() => setRevoking(null)}
        >
          Whatever uses it is refused from now on, and it cannot be brought back.
        </ConfirmRevoke>
      ) : null}
    </div>
  );
}

function stateOf({ expiresAt }: ApiToken, now: number): string {
  return expiresAt !== null && Date.parse(expiresAt) < now ? 'Expired' : 'Usable';
}

function NewSecret({ created, onDismiss }: { created: Created; onDismiss: () => void }) {
  return (
    <ShownOnce header={`“${created.name}” is ready: keep its secret now, it is not shown again`} onDismiss={onDismiss}>
      <CopyLine label="the secret" text={created.secret} />
      <p>The command line takes it from the environment:</p>
      <CopyLine label="the command" text={`VEDETTE_URL=${location.origin} VEDETTE_TOKEN=${created.secret} ./vedette status`} />
    </ShownOnce>
  );
}
