import Badge from '@cloudscape-design/components/badge';
import { type Asset, type AssetSorting, endpoints } from '@vedette/protocol';
import { useList } from '../../api/use-list.ts';
import { AssetState } from '../../components/AssetState.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { NothingListed } from '../../components/NothingListed.tsx';
import { QueryBar } from '../../components/QueryBar.tsx';
import { SaveQuery } from '../../components/SaveQuery.tsx';
import { useAsOf } from '../../components/time-travel.ts';
import { severityChoices, SeverityTally } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { formatCount, plural } from '../../ui/format.ts';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { matchesOf } from '../../ui/list-total.ts';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';

const sortings = [
  'worst',
  'risk',
  'hostname',
  'os',
  'release',
  'architecture',
  'packages',
  'pendingRestart',
  'state',
  'agentVersion',
  'firstSeen',
  'lastSeen',
  'lastScan',
] as const satisfies readonly AssetSorting[];
const columns: readonly Column<Asset>[] = [
  {
    id: 'hostname',
    header: 'Asset',
    sort: 'hostname',
    cell: (item) => <AppLink to={paths.asset(item.assetId)}>{item.hostname}</AppLink>,
    minWidth: 120,
  },
  {
    id: 'detections',
    header: 'Open detections',
    sort: 'worst',
    isHighestFirst: true,
    cell: (item) => <SeverityTally counts={item.detections} assetId={item.assetId} />,
    minWidth: 155,
  },
  {
    id: 'os',
    header: 'Operating system',
    sort: 'os',
    cell: (item) => item.os || <span className="quiet">before its first scan</span>,
    minWidth: 150,
  },
  {
    id: 'packages',
    header: 'Packages',
    sort: 'packages',
    cell: (item) => (
      <>
        <AppLink to={paths.asset(item.assetId, 'software')} ariaLabel={`${plural(item.packages, 'package')} of ${item.hostname}`}>
          {formatCount(item.packages)}
        </AppLink>
        {item.unassessed === 0 ? null : (
          <span className="under">
            {item.unassessed === item.packages ? 'not' : `${formatCount(item.unassessed)} not`} assessed
          </span>
        )}
      </>
    ),
    minWidth: 100,
  },
  {
    id: 'restart',
    header: 'Restart',
    sort: 'pendingRestart',
    isHighestFirst: true,
    cell: (item) => (item.pendingRestart ? <Badge color="severity-medium">pending</Badge> : <span className="quiet">no</span>),
    minWidth: 80,
  },
  {
    id: 'state',
    header: 'State',
    sort: 'state',
    cell: (item) => <AssetState state={item.state} />,
    minWidth: 100,
  },
  {
    id: 'agent',
    header: 'Agent',
    sort: 'agentVersion',
    cell: ({ agentVersion }) =>
      agentVersion === '' ? (
        '–'
      ) : (
        <AppLink to={paths.assets({ query: `agentVersion:"${agentVersion}"` })} ariaLabel={`Assets with agent ${agentVersion}`}>
          {agentVersion}
        </AppLink>
      ),
    minWidth: 65,
  },
  {
    id: 'first',
    header: 'First seen',
    sort: 'firstSeen',
    cell: (item) => <Ago at={item.firstSeen} />,
    minWidth: 120,
    isExtra: true,
  },
  {
    id: 'scan',
    header: 'Last scan',
    sort: 'lastScan',
    cell: (item) => <Ago at={item.lastScan} />,
    minWidth: 120,
    isExtra: true,
  },
  { id: 'release', header: 'Release', sort: 'release', cell: (item) => item.release || '–', minWidth: 90, isExtra: true },
  {
    id: 'architecture',
    header: 'Architecture',
    sort: 'architecture',
    cell: (item) => item.architecture || '–',
    minWidth: 90,
    isExtra: true,
  },
  { id: 'seen', header: 'Last seen', sort: 'lastSeen', cell: (item) => <Ago at={item.lastSeen} />, minWidth: 120 },
];

const onlyChoices = [
  ['', 'any'],
  ['restart', 'restart pending'],
  ['silent', 'silent for a day'],
  ['stale', 'stale'],
  ['archived', 'archived'],
] as const;
const onlyQuery = {
  '': {},
  restart: { pendingRestart: 'true' },
  silent: { silent: 'true' },
  stale: { state: 'stale' },
  archived: { state: 'archived' },
} as const;

export function AssetsPage() {
  useTitle('Assets');
  useFrame({}, 'assets');
  const [{ search, query, ...state }, change] = useUrlState();
  const asOf = useAsOf();
  const severity = oneOf(state['severity'], ['', '5', '4', '3', '2']);
  const only = oneOf(state['state'], ['', 'restart', 'silent', 'stale', 'archived']);
  const list = useList(
    endpoints.listAssets,
    {
      query: {
        query,
        search,
        severity: severity || undefined,
        ...onlyQuery[only],
        asOf,
        sort: oneOf(state['sort'], sortings),
        direction: oneOf(state['direction'], ['ascending', 'descending']),
      },
    },
    // Check-ins change no detection, and are told by no other sign.
    { refetchInterval: 60_000 },
  );
  return (
    <ListTable
      title="Assets"
      noun="assets"
      rank="h1"
      columns={columns}
      keyOf={(item) => item.assetId}
      list={list}
      actions={<SaveQuery about="asset" query={query ?? ''} />}
      filter={
        <div className="filters">
          <QueryBar
            about="asset"
            value={query ?? search ?? ''}
            onChange={(value) => change({ query: value, search: undefined })}
            count={matchesOf(list)}
          />
          <FilterSelect
            label="Open detections"
            value={severity}
            choices={severityChoices}
            onChange={(value) => change({ severity: value })}
          />
          <FilterSelect label="State" value={only} choices={onlyChoices} onChange={(value) => change({ state: value })} />
        </div>
      }
      empty={
        <NothingListed>
          <EmptyState title="No asset matches">
            <AppLink to={paths.assets()}>Show all assets</AppLink>
          </EmptyState>
        </NothingListed>
      }
    />
  );
}
