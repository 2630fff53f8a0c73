import { type CheckSorting, type CheckSummary, endpoints } from '@vedette/protocol';
import { useList } from '../../api/use-list.ts';
import { Scores } from '../../components/detection-columns.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { QueryBar } from '../../components/QueryBar.tsx';
import { SaveQuery } from '../../components/SaveQuery.tsx';
import { useAsOf } from '../../components/time-travel.ts';
import { Severity, severityChoices } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { matchesOf } from '../../ui/list-total.ts';
import { formatCount } from '../../ui/format.ts';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';

const sortings = [
  'worst',
  'name',
  'number',
  'published',
  'kevSince',
  'patchable',
  'cvss',
  'epss',
  'assets',
] as const satisfies readonly CheckSorting[];
const columns: readonly Column<CheckSummary>[] = [
  {
    id: 'name',
    header: 'Check',
    sort: 'name',
    cell: (item) => <AppLink to={paths.check(item.number)}>{item.name}</AppLink>,
    minWidth: 150,
  },
  {
    id: 'severity',
    header: 'Severity',
    sort: 'worst',
    isHighestFirst: true,
    cell: (item) => <Severity level={item.severity} />,
    minWidth: 95,
  },
  {
    id: 'assets',
    header: 'Open on',
    sort: 'assets',
    isHighestFirst: true,
    cell: (item) =>
      item.openAssets ? (
        <AppLink
          to={paths.detections({ query: `check:${item.number}` })}
          ariaLabel={`${item.name} is open on ${item.openAssets}`}
        >
          {formatCount(item.openAssets)}
        </AppLink>
      ) : (
        <span className="quiet">none</span>
      ),
    minWidth: 80,
  },
  {
    id: 'scores',
    header: 'CVSS, EPSS',
    sort: 'cvss',
    isHighestFirst: true,
    cell: (item) => <Scores cvss={item.cvssScore} epss={item.epss?.score ?? null} />,
    minWidth: 80,
  },
  {
    id: 'kev',
    header: 'Exploited since',
    sort: 'kevSince',
    isHighestFirst: true,
    cell: (item) => <span className="nowrap">{item.kevSince ?? '–'}</span>,
    minWidth: 115,
  },
  {
    id: 'published',
    header: 'Published',
    sort: 'published',
    isHighestFirst: true,
    cell: (item) => <span className="nowrap">{item.published ?? '–'}</span>,
    minWidth: 110,
  },
  {
    id: 'patchable',
    header: 'Fix',
    sort: 'patchable',
    isHighestFirst: true,
    cell: (item) => (item.patchable ? 'available' : <span className="quiet">none yet</span>),
    minWidth: 90,
  },
  {
    id: 'aliases',
    header: 'Advisories',
    cell: (item) => <Aliases names={item.aliases} />,
    minWidth: 150,
  },
];

/** The first advisory, those that people know before those named after a changelog. */
function Aliases({ names }: { names: readonly string[] }) {
  const [head, ...others] = names.toSorted((one, other) => Number(one.includes(':')) - Number(other.includes(':')));
  if (head === undefined) return <>–</>;
  return (
    <span title={names.join(', ')} className="breakable">
      {head}
      {others.length > 0 ? <span className="quiet nowrap"> +{others.length}</span> : null}
    </span>
  );
}

export function ChecksPage() {
  useTitle('Checks');
  useFrame({}, 'checks');
  const [state, change] = useUrlState();
  const asOf = useAsOf();
  const severity = oneOf(state['severity'], ['', '5', '4', '3', '2']);
  const detected = oneOf(state['detected'], ['', 'true']);
  const query = state['query'];
  const list = useList(endpoints.listChecks, {
    query: {
      query,
      search: state['search'],
      severity: severity || undefined,
      ...(detected ? { detected } : {}),
      asOf,
      sort: oneOf(state['sort'], sortings),
      direction: oneOf(state['direction'], ['ascending', 'descending']),
    },
  });
  return (
    <ListTable
      title="Checks"
      noun="checks"
      description="What the knowledge base can find"
      rank="h1"
      columns={columns}
      keyOf={(item) => item.name}
      list={list}
      actions={<SaveQuery about="check" query={query ?? ''} />}
      filter={
        <div className="filters">
          <QueryBar
            about="check"
            value={query ?? state['search'] ?? ''}
            onChange={(value) => change({ query: value, search: undefined })}
            count={matchesOf(list)}
          />
          <FilterSelect
            label="Severity"
            value={severity}
            choices={severityChoices}
            onChange={(value) => change({ severity: value })}
          />
          <FilterSelect
            label="Detected"
            value={detected}
            choices={[
              ['', 'anywhere or not'],
              ['true', 'on an asset'],
            ]}
            onChange={(value) => change({ detected: value })}
          />
        </div>
      }
      empty={
        <EmptyState title="No check matches">
          <p>
            <AppLink to={paths.checks()}>Show all checks</AppLink>, or see on the{' '}
            <AppLink to={paths.knowledge()}>knowledge base page</AppLink> whether the feeds were read.
          </p>
        </EmptyState>
      }
    />
  );
}
