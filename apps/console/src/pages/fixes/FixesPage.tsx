import { endpoints } from '@vedette/protocol';
import { useList } from '../../api/use-list.ts';
import { fixColumns, fixKey, nothingToUpgrade, Together } from '../../components/fix-columns.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { useAsOf } from '../../components/time-travel.ts';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { ListTable } from '../../ui/ListTable.tsx';
import { matchesOf } from '../../ui/list-total.ts';
import { SearchField } from '../../ui/SearchField.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';
import { RiskChanges } from './RiskChanges.tsx';

const sortings = ['share', 'source', 'severity', 'detections', 'assets'] as const;
const columns = fixColumns().map((column) => ({ ...column, ...(isSorting(column.id) ? { sort: column.id } : {}) }));

function isSorting(id: string): boolean {
  return sortings.some((one) => one === id);
}

/** What to do first: the upgrades of the fleet that remove most risk. */
export function FixesPage() {
  useTitle('Fix lists');
  useFrame({}, 'fixes');
  const [{ search, sort, direction }] = useUrlState();
  const asOf = useAsOf();
  const list = useList(endpoints.listFixes, {
    query: { search, asOf, sort: oneOf(sort, sortings), direction: oneOf(direction, ['ascending', 'descending']) },
  });
  const { first } = list;
  return (
    <div className="stack">
      <ListTable
        title="Fix lists"
        noun="upgrades"
        rank="h1"
        description={
          first ? <Together effect={first.together} count={first.items.length} isAll={first.next === null} /> : undefined
        }
        columns={columns}
        keyOf={fixKey}
        list={list}
        filter={
          <div className="filters">
            <SearchField label="Find a package or release" count={matchesOf(list)} />
          </div>
        }
        empty={search ? <EmptyState title="Nothing matches">Clear the search to see all.</EmptyState> : nothingToUpgrade}
      />
      {asOf === undefined ? <RiskChanges /> : null}
    </div>
  );
}
