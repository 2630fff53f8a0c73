import { type ReactNode, useMemo } from 'react';
import { EmptyState } from './EmptyState.tsx';
import { matchesOf } from './list-total.ts';
import { ListTable, type ListTableProps } from './ListTable.tsx';
import { SearchField } from './SearchField.tsx';
import { useUrlState } from './use-url-state.ts';
import { type Answer, arrange, wholeList } from './whole-list.ts';

const none: readonly never[] = [];

interface WholeTableProps<Item> extends Omit<ListTableProps<Item>, 'list' | 'filter'> {
  readonly answer: Answer<Item>;
}

/** ListTable over a list that the API gives in one piece: searched here, and put in the order of any column with a text. */
export function WholeTable<Item>({ answer, ...props }: WholeTableProps<Item>): ReactNode {
  const { noun, scope } = props;
  const columns = useMemo(
    () => props.columns.map((column) => (column.text ? { ...column, sort: column.id } : column)),
    [props.columns],
  );
  const [{ search, sort, direction }] = useUrlState(scope);
  const all = answer.data?.items ?? none;
  const items = useMemo(() => arrange(all, columns, { search, sort, direction }), [all, columns, search, sort, direction]);
  const list = wholeList(answer, items);
  return (
    <ListTable
      {...props}
      columns={columns}
      list={list}
      // Nothing is to be found in nothing.
      filter={
        all.length === 0 && !search && !list.isPending ? undefined : (
          <div className="filters">
            <SearchField label={`Find ${noun}`} count={matchesOf(list)} scope={scope} />
          </div>
        )
      }
      empty={all.length > 0 ? <EmptyState title="Nothing matches">Clear the search to see all.</EmptyState> : props.empty}
    />
  );
}
