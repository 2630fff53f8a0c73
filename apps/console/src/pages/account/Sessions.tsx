import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { endpoints, type SessionId } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { FormModal } from '../../ui/FormModal.tsx';
import { formatMoment, plural } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';

type Session = ReplyOf<typeof endpoints.listSessions>['items'][number];

const columns: readonly Column<Session>[] = [
  { id: 'agent', header: 'Browser', text: browserOf, cell: browserOf, minWidth: 200 },
  { id: 'address', header: 'Address', text: ({ address }) => address, cell: ({ address }) => address },
  {
    id: 'created',
    header: 'Logged in',
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
  { id: 'expires', header: 'Ends', text: ({ expiresAt }) => expiresAt, cell: ({ expiresAt }) => formatMoment(expiresAt) },
];

function browserOf({ userAgent }: Session): string {
  return userAgent || 'unknown';
}

export function Sessions() {
  const queries = useQueryClient();
  const answer = useApi(endpoints.listSessions, {});
  const [leaving, setLeaving] = useState(false);
  const end = useMutation({
    mutationFn: (sessionId: SessionId) => call(endpoints.endSession, { params: { sessionId } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listSessions) }),
  });
  return (
    <div className="stack">
      {end.error ? <Failure error={end.error} /> : null}
      <WholeTable
        title="Sessions"
        noun="sessions"
        scope="session"
        description="A session ends after two hours without use, and after twelve in any case"
        columns={columns}
        keyOf={({ sessionId }) => sessionId}
        answer={answer}
        actions={<Button onClick={() => setLeaving(true)}>Log out everywhere</Button>}
        rowActions={({ sessionId, isCurrent, address }) =>
          isCurrent ? (
            'this one'
          ) : (
            <Button variant="inline-link" ariaLabel={`End the session from ${address}`} onClick={() => end.mutate(sessionId)}>
              End
            </Button>
          )
        }
        empty={null}
      />
      {leaving ? <LogOutEverywhere sessions={answer.data?.items.length ?? 1} onClose={() => setLeaving(false)} /> : null}
    </div>
  );
}

function LogOutEverywhere({ sessions, onClose }: { sessions: number; onClose: () => void }) {
  const queries = useQueryClient();
  const router = useRouter();
  const [withTokens, setWithTokens] = useState(false);
  const end = useMutation({
    mutationFn: () => call(endpoints.endSessions, { query: { tokens: withTokens ? 'revoke' : 'keep' } }),
    onSuccess: () => {
      queries.clear();
      router.history.push(paths.login());
    },
  });
  return (
    <FormModal
      title="Log out everywhere?"
      action="Log out everywhere"
      usable
      busy={end.isPending}
      error={end.error}
      onSubmit={() => end.mutate()}
      onClose={onClose}
    >
      <p>
        {sessions === 1 ? 'Your only session ends, this one.' : `${plural(sessions, 'session')} end, this one too.`} API tokens
        work on, unless they are revoked, too: whoever had your session may have made one.
      </p>
      <Checkbox checked={withTokens} onChange={({ detail }) => setWithTokens(detail.checked)}>
        Revoke all my API tokens
      </Checkbox>
    </FormModal>
  );
}
