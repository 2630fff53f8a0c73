import { type CheckSummary, endpoints } from '@vedette/protocol';
import { call } from '../../api/call.ts';
import { useApi } from '../../api/use-api.ts';
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
    minWidth: 170,
  },
  {
    id: 'severity',
    header: 'Severity',
    cell: (item) => <Severity level={item.severity} />,
    text: (item) => severityLabel(item.severity),
    minWidth: 110,
  },
  {
    id: 'assets',
    header: 'Open on',
    cell: (item) => (item.openAssets ? formatCount(item.openAssets) : <span className="quiet">none</span>),
    text: (item) => item.openAssets,
    minWidth: 90,
  },
  { id: 'cvss', header: 'CVSS', cell: (item) => item.cvssScore?.toFixed(1) ?? '–', text: (item) => item.cvssScore, minWidth: 70 },
  {
    id: 'epss',
    header: 'EPSS',
    cell: (item) => (item.epss ? `${(item.epss.score * 100).toFixed(1)} %` : '–'),
    text: (item) => item.epss?.score,
    minWidth: 80,
  },
  { id: 'kev', header: 'Exploited since', cell: (item) => item.kevSince ?? '–', text: (item) => item.kevSince, minWidth: 120 },
  { id: 'published', header: 'Published', cell: (item) => item.published ?? '–', text: (item) => item.published, minWidth: 110 },
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
    cell: (item) => item.aliases.slice(0, 3).join(', ') || '–',
    text: (item) => item.aliases.join(' '),
    minWidth: 140,
  },
];

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
