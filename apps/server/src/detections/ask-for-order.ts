import type { DetectionSorting } from '@vedette/protocol';
import { loadSortValues, type SentValues } from '../assets/sort-values.ts';
import type { Context } from '../context.ts';
import type { PackageNames } from '../fleet-index/package-names.ts';
import { ApiError } from '../http/api-error.ts';

/** What an order needs and the index does not know. */
export interface AskedOfOrder {
  readonly names: PackageNames;
  /** When each asset was assessed last; null where nobody asks. */
  readonly lastScans: SentValues | null;
  /** In ms since 1970; infinite for now. */
  readonly moment: number;
}

interface Wish {
  readonly organizationId: string;
  readonly sort?: DetectionSorting | undefined;
  /** Null for now. */
  readonly past: Date | null;
}

/** Asks the database what the order of detections needs. */
export async function askForOrder(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  { organizationId, sort, past }: Wish,
): Promise<AskedOfOrder> {
  const { names } = fleetIndex;
  if (sort === 'package') await names.load(db, (await fleetIndex.current(organizationId)).book.packageVersions());
  const wish = { organizationId, sort: 'lastScan', direction: 'ascending', from: null } as const;
  const lastScans = sort === 'lastFound' ? await loadSortValues(db, wish, { isPart: false }) : null;
  return { names, lastScans, moment: past?.getTime() ?? Number.POSITIVE_INFINITY };
}

/** By what something was found that is gone, and when that was last, only the histories know: of a fleet that is too much to be sorted. */
export function refuseGone(sort: DetectionSorting | undefined, isWithGone: boolean): void {
  if (isWithGone && (sort === 'package' || sort === 'lastFound'))
    throw new ApiError(
      'BAD_REQUEST',
      `query.sort: fixed detections are in the order of ${sort} for one asset alone; ask for open ones`,
    );
}
