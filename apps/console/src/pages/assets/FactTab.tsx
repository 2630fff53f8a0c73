import { endpoints } from '@vedette/protocol';
import { ApiError, call } from '../../api/call.ts';
import { useApi } from '../../api/use-api.ts';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { ListTable, rowsPerPage } from '../../ui/ListTable.tsx';
import { pageOf, useUrlState } from '../../ui/use-url-state.ts';
import { type FactTable, textOf } from './fact-tables.tsx';

/** The rows of one collector. */
export function FactTab({ assetId, table }: { assetId: string; table: FactTable }) {
  const [{ search, page }] = useUrlState();
  const params = { assetId, collector: table.collector };
  const answer = useApi(endpoints.listFacts, {
    params,
    query: { search, limit: rowsPerPage, offset: (pageOf(page) - 1) * rowsPerPage },
  });
  if (answer.error instanceof ApiError && answer.error.status === 404) return <NothingReported />;
  return (
    <ListTable
      title={table.title}
      noun={table.noun}
      description={table.note}
      columns={table.columns}
      keyOf={(row) => table.columns.map(({ id }) => textOf(row[id])).join(' ')}
      answer={answer}
      searchLabel={`Find ${table.noun}`}
      fetchPage={(part) => call(endpoints.listFacts, { params, query: { search, ...part } })}
      empty={search ? <EmptyState title="Nothing matches">Clear the search to see all.</EmptyState> : <NothingReported />}
    />
  );
}

function NothingReported() {
  return (
    <EmptyState title="The agent has not reported any">
      The Agent tab says which collectors ran, and what kept the others from it.
    </EmptyState>
  );
}
