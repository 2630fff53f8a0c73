import Button from '@cloudscape-design/components/button';
import Badge from '@cloudscape-design/components/badge';
import type { Detection } from '@vedette/protocol';
import { paths } from '../paths.ts';
import { Ago } from '../ui/Ago.tsx';
import { AppLink } from '../ui/AppLink.tsx';
import type { Column } from '../ui/ListTable.tsx';
import { DetectionStatus } from './DetectionStatus.tsx';
import { Severity, severityLabel } from './Severity.tsx';

const checkColumns: readonly Column<Detection>[] = [
  { id: 'name', header: 'Check', cell: (item) => <CheckName detection={item} />, text: (item) => item.name, minWidth: 145 },
  {
    id: 'severity',
    header: 'Severity',
    cell: (item) => <Severity level={item.severity} />,
    text: (item) => severityLabel(item.severity),
    minWidth: 105,
  },
];

/** Columns of a table of detections: without the asset, or the check, when all rows have the same. */
export function detectionColumns(options: {
  withAsset: boolean;
  withCheck: boolean;
  onExplain?: ((detection: Detection) => void) | undefined;
}): Column<Detection>[] {
  const { withAsset, withCheck, onExplain } = options;
  const asset: Column<Detection> = {
    id: 'asset',
    header: 'Asset',
    cell: (item) => <AppLink to={paths.asset(item.assetId, 'vulnerabilities', { why: item.check })}>{item.hostname}</AppLink>,
    text: (item) => item.hostname,
    minWidth: 120,
  };
  const why: Column<Detection> = {
    id: 'why',
    header: 'Reason',
    cell: (item) => (
      <Button variant="inline-link" ariaLabel={`Why ${item.name} on ${item.hostname}`} onClick={() => onExplain?.(item)}>
        Why?
      </Button>
    ),
    text: () => null,
    only: 'page',
    minWidth: 80,
  };
  return [
    ...(withCheck ? checkColumns : []),
    ...(withAsset ? [asset] : []),
    ...(onExplain ? [why] : []),
    {
      id: 'package',
      header: 'Package',
      cell: (item) => <Packages detection={item} />,
      text: (item) => item.packages.map(({ name }) => name).join(' '),
      minWidth: 120,
    },
    {
      id: 'installed',
      header: 'Installed, fixed in',
      cell: (item) => <Change detection={item} />,
      text: (item) => first(item)?.installed,
      minWidth: 190,
    },
    { id: 'fixed', header: 'Fixed in', cell: () => null, text: (item) => first(item)?.fixed, only: 'export' },
    {
      id: 'status',
      header: 'Status',
      cell: (item) => <DetectionStatus status={item.status} />,
      text: (item) => item.status,
      minWidth: 105,
    },
    {
      id: 'cvss',
      header: 'CVSS',
      cell: (item) => item.cvssScore?.toFixed(1) ?? '–',
      text: (item) => item.cvssScore,
      minWidth: 70,
    },
    {
      id: 'epss',
      header: 'EPSS',
      cell: (item) => (item.epssScore === null ? '–' : `${(item.epssScore * 100).toFixed(1)}\u00A0%`),
      text: (item) => item.epssScore,
      minWidth: 75,
    },
    {
      id: 'found',
      header: 'First found',
      cell: (item) => <Ago at={item.firstFound} />,
      text: (item) => item.firstFound,
      minWidth: 110,
    },
  ];
}

function first(detection: Detection) {
  return detection.packages[0];
}

/** The installed version above the one that fixes it. */
function Change({ detection }: { detection: Detection }) {
  const found = first(detection);
  return (
    <span className="change">
      <span />
      <Version text={found?.installed} />
      <span aria-hidden="true">→</span>
      <Version text={found?.fixed} none="no fix yet" />
    </span>
  );
}

function CheckName({ detection }: { detection: Detection }) {
  return (
    <span className="check-name">
      <AppLink to={paths.check(detection.check)}>{detection.name}</AppLink>
      {detection.kevSince === null ? null : (
        <span title={`Listed by CISA as exploited since ${detection.kevSince}`}>
          <Badge color="red">exploited</Badge>
        </span>
      )}
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
      {others.length > 0 ? <span className="quiet"> +{others.length}</span> : null}
    </span>
  );
}

/** A version as the package manager prints it. */
export function Version({ text, none = '–' }: { text: string | null | undefined; none?: string }) {
  return text ? <code className="version">{text}</code> : <span className="quiet">{none}</span>;
}
