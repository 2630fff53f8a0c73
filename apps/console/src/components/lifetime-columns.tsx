import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { Ago } from '../ui/Ago.tsx';
import { formatMoment } from '../ui/format.ts';
import type { Column } from '../ui/ListTable.tsx';
import { useNow } from '../ui/use-now.ts';

/** Something that was made at one moment and ends at another, or never. */
interface Lifetime {
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

/** Columns of keys and tokens: what each is good for at this moment as `stateOf` says it, "Usable" or why it is not, and from when to when. */
export function lifetimeColumns<Item extends Lifetime>(
  stateOf: (item: Item, now: number) => string,
): Record<'state' | 'created' | 'expires', Column<Item>> {
  return {
    state: {
      id: 'state',
      header: 'State',
      text: (item) => stateOf(item, Date.now()),
      cell: (item) => <State of={(now) => stateOf(item, now)} />,
    },
    created: {
      id: 'created',
      header: 'Created',
      isHighestFirst: true,
      text: (item) => item.createdAt,
      cell: (item) => <Ago at={item.createdAt} />,
    },
    expires: {
      id: 'expires',
      header: 'Expires',
      text: (item) => item.expiresAt,
      cell: (item) => (item.expiresAt === null ? 'never' : formatMoment(item.expiresAt)),
    },
  };
}

function State({ of: stateAt }: { of: (now: number) => string }) {
  const state = stateAt(useNow());
  return (
    <StatusIndicator type={state === 'Usable' ? 'success' : 'stopped'} wrapText={false}>
      {state}
    </StatusIndicator>
  );
}
