import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { FixAction, FixEffect } from '@vedette/protocol';
import type { ReactNode } from 'react';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { CopyLine } from '../ui/CopyLine.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { formatCount, formatShare, plural } from '../ui/format.ts';
import { Severity } from './Severity.tsx';

const restarts = { machine: 'the machine', processes: 'processes that use it', none: '–' } as const;

/** Upgrades in the order in which they pay, and what they come to together. */
export function FixTable(props: {
  readonly title: string;
  readonly rank: 'h1' | 'h2';
  readonly items: readonly FixAction[];
  readonly total: number;
  readonly together: FixEffect | undefined;
  readonly loading: boolean;
  /** Of the fleet: with the number of assets. */
  readonly ofFleet: boolean;
  readonly footer?: ReactNode;
}) {
  return (
    <Table
      header={
        <Header
          variant={props.rank}
          counter={`(${formatCount(props.total)})`}
          description={props.together ? <Together effect={props.together} count={props.items.length} /> : undefined}
        >
          {props.title}
        </Header>
      }
      ariaLabels={{ tableLabel: props.title }}
      wrapLines
      contentDensity="compact"
      loading={props.loading}
      skeleton={{ totalRows: 4 }}
      loadingText="Loading upgrades …"
      items={props.items}
      trackBy={(item) => `${item.ecosystem} ${item.release} ${item.source}`}
      footer={props.footer}
      empty={<EmptyState title="Nothing to upgrade">What is open has no version without the flaw yet.</EmptyState>}
      columnDefinitions={[
        {
          id: 'source',
          header: 'Upgrade',
          isRowHeader: true,
          minWidth: 160,
          cell: (item) => (
            <>
              <AppLink to={paths.detections({ search: item.source })}>{item.source}</AppLink>
              <div>
                to <code>{item.fixed}</code>
              </div>
              <div className="quiet">
                {item.ecosystem} {item.release}
              </div>
            </>
          ),
        },
        { id: 'severity', header: 'Worst', cell: (item) => <Severity level={item.severity} /> },
        { id: 'share', header: 'Of the risk', cell: (item) => formatShare(item.share) },
        { id: 'detections', header: 'Removes', cell: (item) => plural(item.detections, 'detection') },
        ...(props.ofFleet ? [{ id: 'assets', header: 'On', cell: (item: FixAction) => plural(item.assets, 'asset') }] : []),
        { id: 'restart', header: 'Restart', cell: (item) => restarts[item.restart] },
        {
          id: 'command',
          header: 'Command',
          minWidth: 280,
          cell: (item) =>
            item.command === null ? (
              <span className="quiet">by its own package manager</span>
            ) : (
              <CopyLine text={item.command} label={`the command for ${item.source}`} />
            ),
        },
      ]}
    />
  );
}

function Together({ effect, count }: { effect: FixEffect; count: number }) {
  const { share, riskNow, riskAfter, detectionsNow, detectionsAfter } = effect;
  if (count === 0) return null;
  return (
    <>
      {count === 1 ? 'This upgrade removes' : `These ${formatCount(count)} upgrades remove`} {formatShare(share)} of the risk:
      from {riskNow} to {riskAfter} of 1000, and {formatCount(detectionsNow - detectionsAfter)} of{' '}
      {plural(detectionsNow, 'detection')}
    </>
  );
}
