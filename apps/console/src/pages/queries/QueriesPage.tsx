import Button from '@cloudscape-design/components/button';
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
import type { Column } from '../../ui/ListTable.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';

const entityNames = {
  asset: 'assets',
  detection: 'detections',
  check: 'checks',
  software: 'software',
  event: 'events',
} as const;

const columns: readonly Column<SavedQuery>[] = [
  {
    id: 'name',
    header: 'Name',
    text: (item) => item.name,
    cell: (item) => <AppLink to={savedQueryPath(item)}>{item.name}</AppLink>,
  },
  { id: 'about', header: 'Finds', text: (item) => entityNames[item.about], cell: (item) => entityNames[item.about] },
  { id: 'query', header: 'Query', minWidth: 260, text: (item) => item.query, cell: (item) => <code>{item.query}</code> },
  { id: 'shared', header: 'Seen by', text: readersOf, cell: readersOf },
  { id: 'tile', header: 'Dashboard', text: placeOf, cell: placeOf },
  {
    id: 'changed',
    header: 'Changed',
    isHighestFirst: true,
    text: (item) => item.changedAt,
    cell: (item) => <Ago at={item.changedAt} />,
  },
];

function readersOf({ shared, owner }: SavedQuery): string {
  return shared ? `everybody, from ${owner}` : 'you';
}

function placeOf({ onDashboard }: SavedQuery): string {
  return onDashboard ? 'yes' : 'no';
}

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
  return (
    <div className="stack">
      {failure === null ? null : <Failure error={failure} />}
      <WholeTable
        title="Saved queries"
        noun="saved queries"
        rank="h1"
        description="In the palette (Ctrl K) and, where chosen, on the dashboard"
        columns={columns}
        keyOf={({ savedQueryId }) => savedQueryId}
        answer={answer}
        rowActions={(item) =>
          item.isOwn || me?.permissions.includes('query:share') ? (
            <Button variant="inline-link" ariaLabel={`Delete ${item.name}`} onClick={() => void remove(item)}>
              Delete
            </Button>
          ) : null
        }
        empty={
          <EmptyState title="No saved query yet">
            <p>
              Ask for something in the list of <AppLink to={paths.assets()}>assets</AppLink>,{' '}
              <AppLink to={paths.detections()}>detections</AppLink>, <AppLink to={paths.checks()}>checks</AppLink>,{' '}
              <AppLink to={paths.software()}>software</AppLink> or <AppLink to={paths.events()}>events</AppLink>, and save it
              there.
            </p>
          </EmptyState>
        }
      />
    </div>
  );
}
