import type { DetectionSorting, SortDirection } from '@vedette/protocol';
import { type RawBuilder, sql } from 'kysely';
import { ApiError } from '../http/api-error.ts';
import { type Place, readPlace, type SortKey, turned } from '../http/list-cursor.ts';
import type { DetectionQuery } from './store.ts';

/** An order other than worst first, the same in the fleet index and in the histories. */
export interface DetectionOrder {
  readonly sort: Exclude<DetectionSorting, 'asset'>;
  /** All that is in it is gone. */
  readonly isOfGone: boolean;
  /** For cursors. */
  readonly name: string;
  /** On the rows of findDetections. */
  readonly keys: readonly SortKey[];
  readonly after?: Place | undefined;
}

interface Wish {
  readonly sort: DetectionSorting;
  readonly direction: SortDirection;
  readonly status?: DetectionQuery['status'] | undefined;
  readonly after?: string | undefined;
}

/** Null for worst first, also asset by asset. Throws ApiError BAD_REQUEST for assets the other way round, and for a cursor of another order. */
export function orderOf({ sort, direction, status, after }: Wish): DetectionOrder | null {
  if ((sort === 'worst' || sort === 'asset') && direction === 'ascending') return null;
  if (sort === 'asset') throw new ApiError('BAD_REQUEST', 'query.direction: asset by asset the first comes first');
  const isOfGone = status === 'fixed';
  const keys = keysOf(sort, { isOfGone, isTurned: direction === 'descending' });
  const name = `${sort} ${direction}${isOfGone ? ' gone' : ''}`;
  const types = keys.map(({ type }) => type);
  return { sort, isOfGone, name, keys, after: after === undefined ? undefined : readPlace(after, name, types) };
}

/** Turned round is what the list is sorted by; those that are alike in that stay worst first. */
function keysOf(
  sort: DetectionOrder['sort'],
  { isOfGone, isTurned }: { readonly isOfGone: boolean; readonly isTurned: boolean },
): readonly SortKey[] {
  if (sort === 'worst') return turned([...worst, ...rank, asset]);
  // What is open was last found when its asset was; what is gone, each at its own time.
  if (sort === 'hostname' || (sort === 'lastFound' && !isOfGone)) {
    const own: SortKey[] = [{ by: values[sort], type: sort === 'hostname' ? 'text' : 'number' }, asset];
    return [...(isTurned ? turned(own) : own), ...rank];
  }
  const isText = sort === 'name' || sort === 'status' || sort === 'package';
  const own: SortKey[] = [{ by: values[sort], type: isText ? 'text' : 'number' }];
  return [...(isTurned ? turned(own) : own), ...rank, asset];
}

const values: Readonly<Record<Exclude<DetectionOrder['sort'], 'worst'>, RawBuilder<unknown>>> = {
  hostname: sql`hostname`,
  risk: sql`-risk`,
  name: sql`name`,
  status: sql`status`,
  firstFound: sql`extract(epoch from first_found)::float8`,
  lastFound: sql`extract(epoch from assessed)::float8`,
  package: sql`coalesce((
    select own.name from package_version as own where own.id = any(package_version_ids)
    order by own.role = 'running' desc, own.name collate "C" limit 1
  ), '')`,
  cvss: sql`coalesce((select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss), -1)`,
  epss: sql`coalesce((body #>> '{epss,score}')::float8, -1)`,
};

const numbers = (expressions: readonly string[]): SortKey[] => expressions.map((by) => ({ by: sql.raw(by), type: 'number' }));
/** What is alike in the rest: worst first, and no two in the same place. */
const rank = numbers(['-severity', '-check_number', '-confirmed::integer']);
const worst = numbers([
  '-severity',
  "-((body ->> 'kevSince') is not null)::integer",
  "-coalesce((body #>> '{epss,score}')::float8, -1)",
]);
const asset: SortKey = { by: sql`asset_number`, type: 'number' };
