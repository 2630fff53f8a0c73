import type { DetectionSorting } from '@vedette/protocol';
import { loadSortValues, type SentValues } from '../assets/sort-values.ts';
import type { Context } from '../context.ts';
import type { PackageNames } from '../fleet-index/package-names.ts';
import { ApiError } from '../http/api-error.ts';
import type { DetectionQuery } from './store.ts';

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
  readonly status: DetectionQuery['status'];
  /** Null for now. */
  readonly past: Date | null;
}

/** Asks the database what the order of detections needs. */
export async function askForOrder(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  { organizationId, sort, status, past }: Wish,
): Promise<AskedOfOrder> {
  const { names } = fleetIndex;
  if (sort === 'package') await names.load(db, (await fleetIndex.current(organizationId)).book.packageVersions());
  const wish = { organizationId, sort: 'lastScan', direction: 'ascending', from: null } as const;
  const lastScans = sort === 'lastFound' && status !== 'fixed' ? await loadSortValues(db, wish, { isPart: false }) : null;
  return { names, lastScans, moment: past?.getTime() ?? Number.POSITIVE_INFINITY };
}

/**
 * By what something was found that is gone, only the histories know: of a fleet that is too much to be sorted. When it was last found the
 * index knows of what is open and of what is gone in different ways, and so in no order of both. Throws ApiError BAD_REQUEST.
 */
export function refuseGone(sort: DetectionSorting | undefined, status: DetectionQuery['status']): void {
  if (sort === 'package' && (status === 'fixed' || status === 'all'))
    throw new ApiError(
      'BAD_REQUEST',
      'query.sort: fixed detections are in the order of package for one asset alone; ask for open ones',
    );
  if (sort === 'lastFound' && status === 'all')
    throw new ApiError(
      'BAD_REQUEST',
      'query.sort: lastFound is an order of open detections or, with status=fixed and without a query, of fixed ones; of both for one asset alone',
    );
}
