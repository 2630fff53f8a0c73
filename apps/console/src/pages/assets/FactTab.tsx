import { endpoints } from '@vedette/protocol';
import { useMemo } from 'react';
import { ApiError } from '../../api/call.ts';
import { useList } from '../../api/use-list.ts';
import { useAsOf } from '../../components/time-travel.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { ListTable } from '../../ui/ListTable.tsx';
import { matchesOf } from '../../ui/list-total.ts';
import { SearchField } from '../../ui/SearchField.tsx';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';
import { type FactTable, textOf } from './fact-tables.tsx';

/** The rows of one collector. */
export function FactTab({ assetId, table }: { assetId: string; table: FactTable }) {
  const [{ search, sort, direction }] = useUrlState();
  const asOf = useAsOf();
  const columns = useMemo(() => table.columns.map((column) => ({ ...column, sort: column.id })), [table]);
  const list = useList(endpoints.listFacts, {
    params: { assetId, collector: table.collector },
    query: {
      search,
      asOf,
      sort: columns.some(({ id }) => id === sort) ? sort : undefined,
      direction: oneOf(direction, ['ascending', 'descending']),
    },
  });
  if (list.error instanceof ApiError && list.error.status === 404) return <NothingReported assetId={assetId} />;
  return (
    <ListTable
      title={table.title}
      noun={table.noun}
      description={table.note}
      columns={columns}
      keyOf={(row) => table.columns.map(({ id }) => textOf(row[id])).join(' ')}
      list={list}
      filter={<SearchField label={`Find ${table.noun}`} count={matchesOf(list)} />}
      empty={
        search ? (
          <EmptyState title="Nothing matches">Clear the search to see all.</EmptyState>
        ) : (
          <NothingReported assetId={assetId} />
        )
      }
    />
  );
}

function NothingReported({ assetId }: { assetId: string }) {
  return (
    <EmptyState title="The agent has not reported any">
      The <AppLink to={paths.asset(assetId, 'agent')}>Agent tab</AppLink> says which collectors ran, and what kept the others from
      it.
    </EmptyState>
  );
}
