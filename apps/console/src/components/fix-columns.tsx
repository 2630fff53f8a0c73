import type { FixAction, FixEffect } from '@vedette/protocol';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { CopyLine } from '../ui/CopyLine.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { formatCount, formatShare, plural } from '../ui/format.ts';
import type { Column } from '../ui/ListTable.tsx';
import { assetsWithQuery, upgradeQuery } from './figure-queries.ts';
import { Severity } from './Severity.tsx';

const restarts = { machine: 'the machine', processes: 'processes that use it', none: '–' } as const;

/** Columns of upgrades: of the fleet with the number of assets, of one asset with its detections. */
export function fixColumns(assetId?: string): readonly Column<FixAction>[] {
  return [
    {
      id: 'source',
      header: 'Upgrade',
      minWidth: 160,
      text: ({ source, fixed }) => `${source} to ${fixed}`,
      cell: (item) => (
        <>
          {item.source}
          <div>
            to <code>{item.fixed}</code>
          </div>
          <div className="quiet">
            {item.ecosystem} {item.release}
          </div>
        </>
      ),
    },
    {
      id: 'severity',
      header: 'Worst',
      isHighestFirst: true,
      text: ({ severity }) => severity,
      cell: ({ severity }) => <Severity level={severity} />,
    },
    {
      id: 'share',
      header: 'Share of risk',
      minWidth: 90,
      isHighestFirst: true,
      text: ({ share }) => share,
      cell: ({ share }) => formatShare(share),
    },
    {
      id: 'detections',
      header: 'Removes',
      isHighestFirst: true,
      text: ({ detections }) => detections,
      cell: (item) => (
        <AppLink to={paths.detections({ query: upgradeQuery(item, assetId) })} ariaLabel={`What ${item.source} removes`}>
          {plural(item.detections, 'detection')}
        </AppLink>
      ),
    },
    ...(assetId === undefined ? [assets] : []),
    { id: 'restart', header: 'Restart', text: ({ restart }) => restart, cell: ({ restart }) => restarts[restart] },
    {
      id: 'command',
      header: 'Command',
      minWidth: 280,
      text: ({ command }) => command,
      cell: (item) =>
        item.command === null ? (
          <span className="quiet">by its own package manager</span>
        ) : (
          <CopyLine text={item.command} label={`the command for ${item.source}`} />
        ),
    },
    { id: 'release', header: 'Release', isExtra: true, text: releaseOf, cell: releaseOf },
  ];
}

const assets: Column<FixAction> = {
  id: 'assets',
  header: 'On',
  isHighestFirst: true,
  text: (item) => item.assets,
  cell: (item) => (
    <AppLink to={paths.assets({ query: assetsWithQuery(upgradeQuery(item)) ?? '' })} ariaLabel={`Assets with ${item.source}`}>
      {plural(item.assets, 'asset')}
    </AppLink>
  ),
};

function releaseOf({ ecosystem, release }: FixAction): string {
  return `${ecosystem} ${release}`;
}

export function fixKey({ ecosystem, release, source }: FixAction): string {
  return `${ecosystem} ${release} ${source}`;
}

/** What upgrades come to together. */
export function Together({ effect, count, isAll }: { effect: FixEffect; count: number; isAll: boolean }) {
  const { share, riskNow, riskAfter, detectionsNow, detectionsAfter } = effect;
  if (count === 0) return null;
  return (
    <>
      {count === 1 ? 'This upgrade takes' : `${isAll ? 'All' : 'The first'} ${formatCount(count)} upgrades together take`} the
      risk from {riskNow} to {riskAfter} of 1000: {formatShare(share)} of its weight is gone, and{' '}
      {formatCount(detectionsNow - detectionsAfter)} of {plural(detectionsNow, 'detection')}
    </>
  );
}

export const nothingToUpgrade = (
  <EmptyState title="Nothing to upgrade">What is open has no version without the flaw yet.</EmptyState>
);
