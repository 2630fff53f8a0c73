import Button from '@cloudscape-design/components/button';
import Badge from '@cloudscape-design/components/badge';
import { type Detection, endpoints, severityNames } from '@vedette/protocol';
import { useApi } from '../api/use-api.ts';
import { paths } from '../paths.ts';
import { Ago } from '../ui/Ago.tsx';
import { AppLink } from '../ui/AppLink.tsx';
import { formatAgo, formatMoment, formatShare, plural } from '../ui/format.ts';
import type { Column } from '../ui/ListTable.tsx';
import { useNow } from '../ui/use-now.ts';
import { DetectionStatus } from './DetectionStatus.tsx';
import { Severity } from './Severity.tsx';

const check: Column<Detection> = {
  id: 'name',
  header: 'Check',
  cell: (item) => <CheckName detection={item} />,
  sort: 'name',
  minWidth: 145,
};
const severity: Column<Detection> = {
  id: 'severity',
  header: 'Severity',
  cell: (item) => <Severity level={item.severity} />,
  sort: 'worst',
  isHighestFirst: true,
  minWidth: 98,
};
const risk: Column<Detection> = {
  id: 'risk',
  header: 'Risk',
  sort: 'risk',
  isHighestFirst: true,
  cell: (item) => item.risk,
  text: (item) => item.risk,
  minWidth: 60,
};
const asset: Column<Detection> = {
  id: 'asset',
  header: 'Asset',
  sort: 'hostname',
  cell: (item) => <AppLink to={paths.asset(item.assetId, 'vulnerabilities')}>{item.hostname}</AppLink>,
  minWidth: 80,
};
const packages: Column<Detection> = {
  id: 'package',
  header: 'Package or setting',
  sort: 'package',
  cell: (item) => <Packages detection={item} />,
  minWidth: 108,
};
/** What gives way when the panel that explains is open: it says all of it. */
const details: readonly Column<Detection>[] = [
  {
    id: 'change',
    header: 'Installed → fixed in',
    cell: (item) => <Change detection={item} />,
    minWidth: 165,
  },
  {
    id: 'scores',
    header: 'CVSS, EPSS',
    sort: 'cvss',
    isTurnedFirst: true,
    cell: (item) => <Scores cvss={item.cvssScore} epss={item.epssScore} />,
    minWidth: 75,
  },
  {
    id: 'state',
    header: 'Status',
    sort: 'status',
    cell: (item) => <State detection={item} />,
    minWidth: 125,
  },
  {
    id: 'first-found',
    header: 'First found',
    sort: 'firstFound',
    isTurnedFirst: true,
    cell: (item) => <Ago at={item.firstFound} />,
    minWidth: 110,
    isExtra: true,
  },
  {
    id: 'last-found',
    header: 'Last found',
    sort: 'lastFound',
    isTurnedFirst: true,
    cell: (item) => <Ago at={item.lastFound} />,
    minWidth: 110,
    isExtra: true,
  },
];
/** Columns of a table of detections: without the asset, or the check, when all rows have the same; few while one is explained. */
export function detectionColumns(options: {
  withAsset: boolean;
  withCheck: boolean;
  explaining: boolean;
  /** Whether the platform has the list in an order. */
  canSort: (sort: string) => boolean;
  onExplain: (detection: Detection) => void;
}): Column<Detection>[] {
  const why: Column<Detection> = {
    id: 'why',
    header: 'Reason',
    cell: (item) => (
      <Button variant="inline-link" ariaLabel={`Why ${item.name} on ${item.hostname}`} onClick={() => options.onExplain(item)}>
        Why?
      </Button>
    ),
    minWidth: 70,
  };
  const columns = [
    ...(options.withCheck ? [check] : []),
    ...(options.withAsset ? [asset] : []),
    severity,
    risk,
    packages,
    ...(options.explaining ? [] : details),
    why,
  ];
  return columns.map((column) => (column.sort && !options.canSort(column.sort) ? { ...column, sort: undefined } : column));
}

function first(detection: Detection) {
  return detection.packages[0];
}

/** The installed version above the one that fixes it. */
export function Change({ detection }: { detection: Detection }) {
  const found = first(detection);
  return (
    <span className="change">
      <span />
      <Version text={found?.installed} />
      <span aria-hidden="true">→</span>
      <Version text={found?.fixed} none={detection.kind === 'posture' ? 'to be changed' : 'no fix yet'} />
    </span>
  );
}

/** How bad by CVSS, and how probable by EPSS. */
export function Scores({ cvss, epss }: { cvss: number | null; epss: number | null }) {
  if (cvss === null && epss === null) return <>–</>;
  return (
    <>
      {cvss === null ? <span className="quiet">no CVSS</span> : cvss.toFixed(1)}
      {epss === null ? null : <span className="under">{formatShare(epss)}</span>}
    </>
  );
}

function State({ detection }: { detection: Detection }) {
  return (
    <>
      <DetectionStatus status={detection.status} />
      <span className="under">
        <Ago at={detection.fixedAt ?? detection.firstFound} />
      </span>
      <Due detection={detection} />
    </>
  );
}

/** When an open detection is to be fixed, counted from when it was first found. */
function Due({ detection: { severity, firstFound, status } }: { detection: Detection }) {
  const { data } = useApi(endpoints.getDeadlines, {});
  const now = useNow();
  const days = data?.[severityNames[severity]] ?? null;
  if (days === null || status === 'fixed') return null;
  const due = Date.parse(firstFound) + days * 86_400_000;
  const at = new Date(due).toISOString();
  return (
    <span className={due < now ? 'under late' : 'under'} title={`To be fixed until ${formatMoment(at)}`}>
      {due < now ? lateness(now - due) : `due ${formatAgo(at, now)}`}
    </span>
  );
}

/** "13 days late"; of less than a day "late". */
function lateness(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  return days === 0 ? 'late' : `${plural(days, 'day')} late`;
}

function CheckName({ detection }: { detection: Detection }) {
  return (
    <span className="check-name">
      <span className="nowrap">
        <AppLink to={paths.check(detection.check)}>{detection.name}</AppLink>
      </span>
      {detection.kevSince === null ? null : (
        <span title={`Listed by CISA as exploited since ${detection.kevSince}`}>
          <Badge color="red">exploited</Badge>
        </span>
      )}
      {detection.kind === 'posture' ? <Badge>posture</Badge> : null}
      {detection.title === null ? null : <span className="under">{detection.title}</span>}
      {detection.confidence === 'confirmed' ? null : <span className="quiet">{detection.confidence}</span>}
    </span>
  );
}

function Packages({ detection }: { detection: Detection }) {
  const [head, ...others] = detection.packages;
  if (!head) return <>–</>;
  return (
    <span title={detection.packages.map(({ name }) => name).join(', ')}>
      {head.name}
      {others.length > 0 ? <span className="quiet nowrap"> +{others.length}</span> : null}
    </span>
  );
}

/** A version as the package manager prints it. */
export function Version({ text, none = '–' }: { text: string | null | undefined; none?: string }) {
  return text ? <code className="version">{text}</code> : <span className="quiet">{none}</span>;
}
