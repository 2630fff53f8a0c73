import { endpoints, type Software } from '@vedette/protocol';
import { useList } from '../../api/use-list.ts';
import { Version } from '../../components/detection-columns.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { NothingListed } from '../../components/NothingListed.tsx';
import { QueryBar } from '../../components/QueryBar.tsx';
import { SaveQuery } from '../../components/SaveQuery.tsx';
import { softwareQuery } from '../../components/software-query.ts';
import { useAsOf } from '../../components/time-travel.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { formatCount, plural } from '../../ui/format.ts';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { matchesOf } from '../../ui/list-total.ts';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';

const columns: readonly Column<Software>[] = [
  { id: 'name', header: 'Package', sort: 'name', cell: (item) => item.name, minWidth: 160 },
  { id: 'version', header: 'Version', sort: 'version', cell: (item) => <Version text={item.version} />, minWidth: 160 },
  {
    id: 'ecosystem',
    header: 'Ecosystem',
    sort: 'ecosystem',
    cell: (item) => `${item.ecosystem}${item.release === '' ? '' : ` ${item.release}`}`,
    minWidth: 130,
  },
  { id: 'source', header: 'Source', sort: 'source', cell: (item) => item.source || '–', minWidth: 120, isExtra: true },
  {
    id: 'assets',
    header: 'Assets',
    sort: 'assets',
    isHighestFirst: true,
    cell: (item) => (
      <AppLink
        to={paths.assets({ query: softwareQuery(item) })}
        ariaLabel={`${plural(item.assets, 'asset')} with ${item.name} ${item.version}`}
      >
        {formatCount(item.assets)}
      </AppLink>
    ),
    minWidth: 90,
  },
  {
    id: 'detections',
    header: 'Open detections',
    sort: 'detections',
    isHighestFirst: true,
    cell: (item) =>
      item.detections === 0 ? (
        <span className="quiet">none</span>
      ) : (
        <AppLink
          to={paths.detections({ query: softwareQuery(item) })}
          ariaLabel={`${plural(item.detections, 'open detection')} of ${item.name} ${item.version}`}
        >
          {formatCount(item.detections)}
        </AppLink>
      ),
    minWidth: 120,
  },
];

/** Where is X? Every package version that is installed, and on how many assets. */
export function SoftwarePage() {
  useTitle('Software');
  useFrame({}, 'software');
  const [state, change] = useUrlState();
  const query = state['query'];
  const asOf = useAsOf();
  const list = useList(endpoints.listSoftware, {
    query: {
      query,
      search: state['search'],
      asOf,
      sort: oneOf(state['sort'], ['name', 'version', 'ecosystem', 'source', 'assets', 'detections']),
      direction: oneOf(state['direction'], ['ascending', 'descending']),
    },
  });
  return (
    <ListTable
      title="Software"
      noun="package versions"
      description="What is installed, and where"
      rank="h1"
      columns={columns}
      keyOf={(item) => `${item.ecosystem} ${item.release} ${item.name} ${item.version}`}
      list={list}
      actions={<SaveQuery about="software" query={query ?? ''} />}
      filter={
        <div className="filters">
          <QueryBar
            about="software"
            value={query ?? state['search'] ?? ''}
            onChange={(value) => change({ query: value, search: undefined })}
            count={matchesOf(list)}
          />
        </div>
      }
      empty={
        <NothingListed>
          <EmptyState title="No installed package matches">
            <p>
              <AppLink to={paths.software()}>Show all software</AppLink>, or see{' '}
              <AppLink to={paths.assets()}>which assets report</AppLink>.
            </p>
          </EmptyState>
        </NothingListed>
      }
    />
  );
}
