import type { EventKindName, FleetEvent } from '@vedette/protocol';
import { Severity } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import type { Column } from '../../ui/ListTable.tsx';

export const kindNames: Readonly<Record<EventKindName, string>> = {
  detection: 'Detections',
  package: 'Packages',
  fact: 'Facts',
  agent: 'Agents',
  upgrade: 'Upgrades',
  knowledge: 'Knowledge',
};

export const eventColumns: readonly Column<FleetEvent>[] = [
  { id: 'at', header: 'When', sort: 'at', isHighestFirst: true, cell: ({ at }) => <Ago at={at} />, minWidth: 110 },
  { id: 'text', header: 'What', cell: (item) => <What event={item} />, minWidth: 260 },
  { id: 'asset', header: 'Asset', sort: 'hostname', cell: (item) => <Asset event={item} />, minWidth: 120 },
  {
    id: 'severity',
    header: 'Severity',
    sort: 'severity',
    isHighestFirst: true,
    cell: ({ severity }) => (severity === null ? <span className="quiet">–</span> : <Severity level={severity} />),
    minWidth: 98,
  },
  { id: 'status', header: 'Status', sort: 'status', cell: ({ status }) => status.replaceAll('-', ' '), minWidth: 100 },
  { id: 'kind', header: 'Kind', sort: 'kind', cell: ({ kind }) => kind, minWidth: 90 },
  { id: 'cause', header: 'Cause', sort: 'cause', cell: ({ cause }) => cause ?? '–', minWidth: 90, isExtra: true },
  {
    id: 'collector',
    header: 'Collector',
    sort: 'collector',
    cell: ({ collector }) => collector ?? '–',
    minWidth: 90,
    isExtra: true,
  },
  { id: 'version', header: 'Version', cell: ({ version }) => version ?? '–', minWidth: 90, isExtra: true },
];

function Asset({ event: { assetId, hostname } }: { event: FleetEvent }) {
  if (assetId === null) return <span className="quiet">–</span>;
  return <AppLink to={paths.asset(assetId, 'timeline')}>{hostname ?? assetId}</AppLink>;
}

/** The event in one line, which leads to what it is about. */
function What({ event }: { event: FleetEvent }) {
  const to = placeOf(event);
  return to === null ? <>{event.text}</> : <AppLink to={to}>{event.text}</AppLink>;
}

/** What is gone has no reason any more to be shown: then the check. */
function placeOf({ kind, status, check, assetId, package: name }: FleetEvent): string | null {
  switch (kind) {
    case 'detection':
      if (check === null) return null;
      return status === 'closed' || assetId === null
        ? paths.check(check)
        : paths.asset(assetId, 'vulnerabilities', { why: check });
    case 'package':
      return assetId === null ? null : paths.asset(assetId, 'software', name === null ? {} : { search: name });
    case 'upgrade':
      return paths.releases();
    case 'knowledge':
      return paths.knowledge();
    case 'agent':
      return assetId === null ? null : paths.asset(assetId, 'agent');
    case 'fact':
      return null;
  }
}
