import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { useQueryClient } from '@tanstack/react-query';
import { endpoints, type SavedQuery } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { savedQueryPath } from '../../components/saved-query-path.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { SkeletonRows } from '../../ui/Skeleton.tsx';
import { useTitle } from '../../ui/use-title.ts';

const entityNames = {
  asset: 'assets',
  detection: 'detections',
  check: 'checks',
  software: 'software',
  event: 'events',
} as const;

/** Queries under a name: one's own, and those that are shared. */
export function QueriesPage() {
  useTitle('Saved queries');
  useFrame({}, 'queries');
  const queries = useQueryClient();
  const { data: me } = useApi(endpoints.getSession, {});
  const answer = useApi(endpoints.listSavedQueries, {});
  const [failure, setFailure] = useState<unknown>(null);
  const remove = async ({ savedQueryId }: SavedQuery) => {
    try {
      await call(endpoints.deleteSavedQuery, { params: { savedQueryId } });
      setFailure(null);
    } catch (error) {
      setFailure(error);
    }
    await queries.invalidateQueries({ queryKey: keyOf(endpoints.listSavedQueries) });
  };
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <div className="stack">
      {failure === null ? null : <Failure error={failure} />}
      <Table
        header={
          <Header
            variant="h1"
            counter={answer.data ? `(${answer.data.items.length})` : ''}
            description="In the palette (Ctrl K) and, where chosen, on the dashboard"
          >
            Saved queries
          </Header>
        }
        ariaLabels={{ tableLabel: 'Saved queries' }}
        contentDensity="compact"
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading saved queries …"
        items={answer.data?.items ?? []}
        trackBy="savedQueryId"
        empty={
          answer.isPending ? (
            <SkeletonRows />
          ) : (
            <EmptyState title="No saved query yet">
              <p>
                Ask for something in the list of <AppLink to={paths.assets()}>assets</AppLink>,{' '}
                <AppLink to={paths.detections()}>detections</AppLink>, <AppLink to={paths.checks()}>checks</AppLink>,{' '}
                <AppLink to={paths.software()}>software</AppLink> or <AppLink to={paths.events()}>events</AppLink>, and save it
                there.
              </p>
            </EmptyState>
          )
        }
        columnDefinitions={[
          {
            id: 'name',
            header: 'Name',
            isRowHeader: true,
            cell: (item) => <AppLink to={savedQueryPath(item)}>{item.name}</AppLink>,
          },
          { id: 'about', header: 'Finds', cell: (item) => entityNames[item.about] },
          { id: 'query', header: 'Query', minWidth: 260, cell: (item) => <code>{item.query}</code> },
          { id: 'shared', header: 'Seen by', cell: (item) => (item.shared ? `everybody, from ${item.owner}` : 'you') },
          { id: 'tile', header: 'Dashboard', cell: (item) => (item.onDashboard ? 'yes' : 'no') },
          { id: 'changed', header: 'Changed', cell: (item) => <Ago at={item.changedAt} /> },
          {
            id: 'delete',
            header: 'Delete',
            cell: (item) =>
              item.isOwn || me?.permissions.includes('query:share') ? (
                <Button variant="inline-link" ariaLabel={`Delete ${item.name}`} onClick={() => void remove(item)}>
                  Delete
                </Button>
              ) : null,
          },
        ]}
      />
    </div>
  );
}
