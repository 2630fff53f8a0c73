import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { FactName } from '@vedette/protocol';
import type { ReactNode } from 'react';
import { Version } from '../../components/detection-columns.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { formatBytes } from '../../ui/format.ts';

/** A row as the API gives it: its columns depend on the collector and on the version of the agent. */
export type Row = Readonly<Record<string, unknown>>;

export interface FactTable {
  readonly tab: string;
  readonly collector: FactName;
  readonly title: string;
  readonly noun: string;
  /** What a reader has to know about the values. */
  readonly note?: string;
  readonly columns: readonly Column<Row>[];
}

/** The text of any value: lists with commas, nothing for what is missing. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(', ');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function column(id: string, header: string, minWidth: number, cell?: (value: unknown, row: Row) => ReactNode): Column<Row> {
  return {
    id,
    header,
    minWidth,
    cell: (row) => (cell ? cell(row[id], row) : textOf(row[id]) || '–'),
    text: (row) => textOf(row[id]),
  };
}

const version = (value: unknown) => <Version text={textOf(value)} />;
const code = (value: unknown) => <Version text={textOf(value)} />;

function state(good: string, bad = '') {
  return (value: unknown) => {
    const text = textOf(value);
    const type: StatusIndicatorProps.Type = text === good ? 'success' : text !== '' && text === bad ? 'error' : 'stopped';
    return <StatusIndicator type={type}>{text || 'unknown'}</StatusIndicator>;
  };
}

export const factTables: readonly FactTable[] = [
  {
    tab: 'software',
    collector: 'dpkg',
    title: 'Software',
    noun: 'packages',
    columns: [
      column('name', 'Package', 180),
      column('version', 'Version', 190, version),
      column('architecture', 'Architecture', 110),
      column('source', 'Source package', 190, (value, row) => (
        <>
          {textOf(value)}
          {row['sourceVersion'] === row['version'] ? null : (
            <span className="under">
              <Version text={textOf(row['sourceVersion'])} />
            </span>
          )}
        </>
      )),
      { ...column('sourceVersion', 'Source version', 0), only: 'export' },
      column('state', 'State', 120),
    ],
  },
  {
    tab: 'network',
    collector: 'network-interface',
    title: 'Network',
    noun: 'network interfaces',
    columns: [
      column('name', 'Interface', 120),
      column('state', 'State', 110, state('up')),
      column('addresses', 'Addresses', 240, code),
      column('mac', 'MAC address', 160, code),
      column('mtu', 'MTU', 80),
    ],
  },
  {
    tab: 'ports',
    collector: 'listening-socket',
    title: 'Ports',
    noun: 'listening sockets',
    columns: [
      column('port', 'Port', 90),
      column('protocol', 'Protocol', 100),
      column('address', 'Address', 200, (value) => (
        <>
          <Version text={textOf(value)} />
          {['0.0.0.0', '::'].includes(textOf(value)) ? <span className="quiet"> every interface</span> : null}
        </>
      )),
      column('process', 'Process', 160),
      column('uid', 'User id', 90),
    ],
  },
  {
    tab: 'services',
    collector: 'service',
    title: 'Services',
    noun: 'services',
    note: '“unknown” stands where no service manager can say whether a service runs: without systemd, init scripts do not tell.',
    columns: [
      column('name', 'Service', 240),
      column('active', 'Now', 120, state('active', 'failed')),
      column('enabled', 'At boot', 120),
      column('manager', 'Manager', 100),
    ],
  },
  {
    tab: 'users',
    collector: 'user',
    title: 'Users',
    noun: 'users',
    columns: [
      column('name', 'User', 140),
      column('uid', 'User id', 90),
      column('gid', 'Group id', 90),
      column('groups', 'Further groups', 180),
      column('password', 'Password', 110),
      column('shell', 'Shell', 160, code),
      column('home', 'Home', 180, code),
    ],
  },
  {
    tab: 'file-systems',
    collector: 'file-system',
    title: 'File systems',
    noun: 'file systems',
    columns: [
      column('mount', 'Mounted at', 180),
      column('device', 'Device', 180, code),
      column('type', 'Type', 90),
      column('sizeBytes', 'Size', 110, (value) => (typeof value === 'number' ? formatBytes(value) : '–')),
      column('usedPercent', 'Used', 150, (value) => (typeof value === 'number' ? <Used percent={value} /> : '–')),
    ],
  },
];

function Used({ percent }: { percent: number }) {
  return (
    <span className="used">
      <meter min={0} max={100} high={85} value={percent} aria-label="Used" /> {percent} %
    </span>
  );
}
