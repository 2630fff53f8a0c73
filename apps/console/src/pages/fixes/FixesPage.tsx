import Checkbox from '@cloudscape-design/components/checkbox';
import { endpoints, type FixAction, type FixSorting, type Upgrade } from '@vedette/protocol';
import { useMemo } from 'react';
import { useList } from '../../api/use-list.ts';
import { fixColumns, fixKey, nothingToUpgrade, Together } from '../../components/fix-columns.tsx';
import { NothingListed } from '../../components/NothingListed.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { useAsOf } from '../../components/time-travel.ts';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { matchesOf } from '../../ui/list-total.ts';
import { SearchField } from '../../ui/SearchField.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';
import { isPlanned, readPlan, togglePlanned, writePlan } from './plan.ts';
import { PlanEffect } from './PlanEffect.tsx';
import { RiskChanges } from './RiskChanges.tsx';

/** A column is called as the order by it. */
const sortings = [
  'share',
  'source',
  'severity',
  'detections',
  'assets',
  'restart',
  'release',
] as const satisfies readonly FixSorting[];
const upgradeColumns = fixColumns().map((column) => ({ ...column, sort: sortings.find((one) => one === column.id) }));

/** What to do first: the upgrades of the fleet that remove most risk. */
export function FixesPage() {
  useTitle('Fix lists');
  useFrame({}, 'fixes');
  const [{ search, sort, direction, plan: written }, change] = useUrlState();
  const asOf = useAsOf();
  const list = useList(endpoints.listFixes, {
    query: {
      search,
      asOf,
      sort: oneOf(sort, sortings),
      direction: oneOf(direction, ['ascending', 'descending']),
    },
  });
  const { first } = list;
  // What was to be made then is history: plans are made of now.
  const plan = useMemo(() => (asOf === undefined ? readPlan(written) : []), [asOf, written]);
  const columns = useMemo(() => {
    const [upgrade, ...others] = upgradeColumns;
    return upgrade === undefined || asOf !== undefined
      ? upgradeColumns
      : [upgrade, planColumn(plan, (next) => change({ plan: writePlan(next) })), ...others];
  }, [asOf, plan, change]);
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
            {plan.length > 0 ? <PlanEffect upgrades={plan} onClear={() => change({ plan: undefined })} /> : null}
          </div>
        }
        empty={
          search ? (
            <EmptyState title="Nothing matches">Clear the search to see all.</EmptyState>
          ) : (
            <NothingListed>{nothingToUpgrade}</NothingListed>
          )
        }
      />
      {asOf === undefined ? <RiskChanges /> : null}
    </div>
  );
}

function planColumn(plan: readonly Upgrade[], onChange: (plan: readonly Upgrade[]) => void): Column<FixAction> {
  return {
    id: 'plan',
    header: 'What if',
    minWidth: 60,
    cell: (item) => (
      <Checkbox
        checked={isPlanned(plan, item)}
        ariaLabel={`What if ${item.source} of ${item.ecosystem} ${item.release} is upgraded`}
        onChange={() => onChange(togglePlanned(plan, { ecosystem: item.ecosystem, release: item.release, source: item.source }))}
      />
    ),
  };
}
