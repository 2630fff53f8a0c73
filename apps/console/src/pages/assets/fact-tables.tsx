import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { FactName } from '@vedette/protocol';
import type { ReactNode } from 'react';
import { Version } from '../../components/detection-columns.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { useNow } from '../../ui/use-now.ts';
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
  /** Left out for a machine that has none of it, as most have none. */
  readonly optional?: true;
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

function yesOrNo(value: unknown): ReactNode {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : 'unknown';
}

function state(good: string, bad = '') {
  return (value: unknown) => {
    const text = textOf(value);
    const type: StatusIndicatorProps.Type = text === good ? 'success' : text !== '' && text === bad ? 'error' : 'stopped';
    return <StatusIndicator type={type}>{text || 'unknown'}</StatusIndicator>;
  };
}

/** One table for each collector of packages; an asset has one of them. */
function softwareTable(collector: FactName, ...more: readonly Column<Row>[]): FactTable {
  return {
    tab: 'software',
    collector,
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
      { ...column('sourceVersion', 'Source version', 0), isExtra: true as const },
      ...more,
    ],
  };
}

const factTables: readonly FactTable[] = [
  softwareTable('dpkg', column('state', 'State', 120)),
  softwareTable('rpm', column('module', 'Module', 160, code)),
  softwareTable('apk'),
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
  {
    tab: 'bundles',
    collector: 'app-bundle',
    title: 'Snaps and flatpaks',
    noun: 'bundles',
    optional: true,
    columns: [
      column('name', 'Application', 220),
      column('manager', 'Manager', 100),
      column('version', 'Version', 150, version),
      column('revision', 'Revision', 180, code),
      column('active', 'In use', 90, yesOrNo),
    ],
  },
  {
    tab: 'containers',
    collector: 'container',
    title: 'Containers',
    noun: 'containers',
    note: 'As the engines write it to disk. Environment and arguments of containers stay on the host.',
    optional: true,
    columns: [
      column('name', 'Container', 180),
      column('image', 'Image', 240, code),
      column('state', 'State', 110, state('running')),
      column('engine', 'Engine', 100),
      column('privileged', 'Privileged', 100, yesOrNo),
      column('networkMode', 'Network', 120),
      column('id', 'Id', 160, (value) => <Version text={textOf(value).slice(0, 12)} />),
    ],
  },
  {
    tab: 'certificates',
    collector: 'certificate',
    title: 'Certificates',
    noun: 'certificates',
    optional: true,
    columns: [
      column('subject', 'Subject', 220),
      column('notAfter', 'Valid until', 140, (value) => <Expiry at={textOf(value)} />),
      column('issuer', 'Issuer', 220),
      column('keyType', 'Key', 110, (value, row) => `${textOf(value)} ${row['keyBits'] === 0 ? '' : textOf(row['keyBits'])}`),
      column('names', 'Names', 200),
      column('path', 'File', 240, code),
      { ...column('fingerprint', 'SHA-256', 0), isExtra: true as const },
    ],
  },
  {
    tab: 'schedule',
    collector: 'scheduled-task',
    title: 'Schedule',
    noun: 'scheduled tasks',
    note: 'Commands stay on the host: of each there is its program and a hash.',
    optional: true,
    columns: [
      column('schedule', 'When', 180, code),
      column('program', 'Runs', 240, code),
      column('user', 'As', 100),
      column('kind', 'Kind', 90),
      column('source', 'File', 240, code),
    ],
  },
  {
    tab: 'mounts',
    collector: 'mount',
    title: 'Mounts',
    noun: 'mounts',
    optional: true,
    columns: [
      column('mount', 'Mounted at', 200, code),
      column('source', 'Source', 180, code),
      column('type', 'Type', 100),
      column('options', 'Options', 260),
    ],
  },
  {
    tab: 'modules',
    collector: 'kernel-module',
    title: 'Kernel modules',
    noun: 'kernel modules',
    optional: true,
    columns: [
      column('name', 'Module', 180),
      column('version', 'Version', 120, version),
      column('sizeBytes', 'Size', 110, (value) => (typeof value === 'number' ? formatBytes(value) : '–')),
      column('usedBy', 'Used by', 220),
      column('taints', 'Taints', 90),
    ],
  },
  {
    tab: 'libraries',
    collector: 'loaded-library',
    title: 'Loaded libraries',
    noun: 'loaded files',
    note: 'Files that processes execute from. “Replaced” means that the version of before still runs.',
    optional: true,
    columns: [
      column('path', 'File', 280, code),
      column('old', 'On disk', 110, (value) =>
        value === true ? <StatusIndicator type="warning">replaced</StatusIndicator> : 'the same',
      ),
      column('programs', 'Programs', 320),
    ],
  },
  {
    tab: 'ssh-keys',
    collector: 'ssh-host-key',
    title: 'SSH host keys',
    noun: 'host keys',
    optional: true,
    columns: [
      column('type', 'Type', 160),
      column('bits', 'Bits', 90),
      column('fingerprint', 'Fingerprint', 380, code),
      column('path', 'File', 240, code),
    ],
  },
  {
    tab: 'firmware',
    collector: 'firmware',
    title: 'Firmware and cloud',
    noun: 'machines',
    optional: true,
    columns: [
      column('biosVendor', 'BIOS', 140),
      column('biosVersion', 'Version', 120, version),
      column('biosDate', 'Date', 110),
      column('boot', 'Boot', 80),
      column('secureBoot', 'Secure Boot', 110),
      column('board', 'Board', 160),
      column('chassis', 'Chassis', 100),
      column('microcode', 'Microcode', 120, code),
      column('hypervisor', 'Hypervisor', 110),
      column('cloud', 'Cloud', 100),
      column('cloudInstance', 'Instance', 160, code),
      column('cloudRegion', 'Region', 120),
    ],
  },
];

const dayMs = 86_400_000;

/** Day of expiry, with a sign from a month before. */
function Expiry({ at }: { at: string }) {
  const left = Date.parse(at) - useNow();
  if (Number.isNaN(left)) return <>–</>;
  const day = at.slice(0, 10);
  if (left < 0) return <StatusIndicator type="error">{day}, expired</StatusIndicator>;
  return left < 30 * dayMs ? <StatusIndicator type="warning">{day}</StatusIndicator> : <>{day}</>;
}

function Used({ percent }: { percent: number }) {
  return (
    <span className="used">
      <meter min={0} max={100} high={85} value={percent} aria-label="Used" /> {percent} %
    </span>
  );
}

/** Those of an asset: of several for one tab the one with rows, and none of the optional ones without. */
export function factTablesOf(collectors: readonly { readonly name: string; readonly rows: number }[]): FactTable[] {
  const rows = new Map(collectors.map(({ name, rows: count }) => [name, count]));
  const filled = ({ collector }: FactTable): boolean => (rows.get(collector) ?? 0) > 0;
  const byTab = new Map<string, FactTable>();
  for (const table of factTables) {
    const known = byTab.get(table.tab);
    if (known ? filled(table) && !filled(known) : !table.optional || filled(table)) byTab.set(table.tab, table);
  }
  return [...byTab.values()];
}
