import { type CheckSummary, endpoints } from '@vedette/protocol';
import { call } from '../../api/call.ts';
import { useApi } from '../../api/use-api.ts';
import { Scores } from '../../components/detection-columns.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { Severity, severityChoices, severityLabel } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { type Column, ListTable, rowsPerPage } from '../../ui/ListTable.tsx';
import { formatCount } from '../../ui/format.ts';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, pageOf, useUrlState } from '../../ui/use-url-state.ts';

const columns: readonly Column<CheckSummary>[] = [
  {
    id: 'name',
    header: 'Check',
    cell: (item) => <AppLink to={paths.check(item.number)}>{item.name}</AppLink>,
    text: (item) => item.name,
    minWidth: 150,
  },
  {
    id: 'severity',
    header: 'Severity',
    cell: (item) => <Severity level={item.severity} />,
    text: (item) => severityLabel(item.severity),
    minWidth: 95,
  },
  {
    id: 'assets',
    header: 'Open on',
    cell: (item) => (item.openAssets ? formatCount(item.openAssets) : <span className="quiet">none</span>),
    text: (item) => item.openAssets,
    minWidth: 80,
  },
  {
    id: 'scores',
    header: 'CVSS, EPSS',
    cell: (item) => <Scores cvss={item.cvssScore} epss={item.epss?.score ?? null} />,
    text: () => null,
    only: 'page',
    minWidth: 80,
  },
  { id: 'cvss', header: 'CVSS', cell: () => null, text: (item) => item.cvssScore, only: 'export' },
  { id: 'epss', header: 'EPSS', cell: () => null, text: (item) => item.epss?.score, only: 'export' },
  {
    id: 'kev',
    header: 'Exploited since',
    cell: (item) => <span className="nowrap">{item.kevSince ?? '–'}</span>,
    text: (item) => item.kevSince,
    minWidth: 115,
  },
  {
    id: 'published',
    header: 'Published',
    cell: (item) => <span className="nowrap">{item.published ?? '–'}</span>,
    text: (item) => item.published,
    minWidth: 110,
  },
  {
    id: 'patchable',
    header: 'Fix',
    cell: (item) => (item.patchable ? 'available' : <span className="quiet">none yet</span>),
    text: (item) => item.patchable,
    minWidth: 90,
  },
  {
    id: 'aliases',
    header: 'Advisories',
    cell: (item) => <Aliases names={item.aliases} />,
    text: (item) => item.aliases.join(' '),
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
  const severity = oneOf(state['severity'], ['', '5', '4', '3', '2']);
  const detected = oneOf(state['detected'], ['', 'true']);
  const filter = { search: state['search'], severity: severity || undefined, ...(detected ? { detected } : {}) };
  const answer = useApi(endpoints.listChecks, {
    query: { ...filter, limit: rowsPerPage, offset: (pageOf(state['page']) - 1) * rowsPerPage },
  });
  return (
    <ListTable
      title="Checks"
      noun="checks"
      description="What the knowledge base can find, worst first"
      rank="h1"
      columns={columns}
      keyOf={(item) => item.name}
      answer={answer}
      searchLabel="Find a CVE, advisory, source package or number"
      filters={
        <>
          <FilterSelect
            label="Severity"
            value={severity}
            choices={severityChoices}
            onChange={(value) => change({ severity: value, page: undefined })}
          />
          <FilterSelect
            label="Detected"
            value={detected}
            choices={[
              ['', 'anywhere or not'],
              ['true', 'on an asset'],
            ]}
            onChange={(value) => change({ detected: value, page: undefined })}
          />
        </>
      }
      fetchPage={(page) => call(endpoints.listChecks, { query: { ...filter, ...page } })}
      empty={
        <EmptyState title="No check matches">
          <p>
            Clear the search, or see on the <AppLink to={paths.knowledge()}>knowledge base page</AppLink> whether the feeds were
            read.
          </p>
        </EmptyState>
      }
    />
  );
}
