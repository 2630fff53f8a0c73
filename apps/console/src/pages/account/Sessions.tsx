import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type SessionId } from '@vedette/protocol';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { Ago } from '../../ui/Ago.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatMoment } from '../../ui/format.ts';

export function Sessions() {
  const queries = useQueryClient();
  const answer = useApi(endpoints.listSessions, {});
  const end = useMutation({
    mutationFn: (sessionId: SessionId) => call(endpoints.endSession, { params: { sessionId } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listSessions) }),
  });
  const error = answer.error ?? end.error;
  return (
    <div className="stack">
      {error ? <Failure error={error} retry={answer.refetch} /> : null}
      <Table
        header={
          <Header variant="h2" description="A session ends after two hours without use, and after twelve in any case">
            Sessions
          </Header>
        }
        ariaLabels={{ tableLabel: 'Sessions' }}
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading sessions …"
        items={answer.data?.items ?? []}
        trackBy="sessionId"
        columnDefinitions={[
          { id: 'agent', header: 'Browser', isRowHeader: true, cell: (one) => one.userAgent || 'unknown' },
          { id: 'address', header: 'Address', cell: (one) => one.address },
          { id: 'created', header: 'Logged in', cell: (one) => <Ago at={one.createdAt} /> },
          { id: 'used', header: 'Last used', cell: (one) => <Ago at={one.lastUsedAt} /> },
          { id: 'expires', header: 'Ends', cell: (one) => formatMoment(one.expiresAt) },
          {
            id: 'action',
            header: 'Action',
            cell: (one) =>
              one.isCurrent ? (
                'this one'
              ) : (
                <Button
                  variant="inline-link"
                  ariaLabel={`End the session from ${one.address}`}
                  onClick={() => end.mutate(one.sessionId)}
                >
                  End
                </Button>
              ),
          },
        ]}
      />
    </div>
  );
}
