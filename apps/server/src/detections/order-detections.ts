import type { DetectionSorting, SortDirection } from '@vedette/protocol';
import { type RawBuilder, sql } from 'kysely';
import { ApiError } from '../http/api-error.ts';
import { type Place, readPlace, type SortKey, turned } from '../http/list-cursor.ts';

/** An order other than worst first, which the histories alone know. */
export interface DetectionOrder {
  /** For cursors. */
  readonly name: string;
  /** On the rows of findDetections. */
  readonly keys: readonly SortKey[];
  readonly after?: Place | undefined;
}

interface Wish {
  readonly sort: DetectionSorting;
  readonly direction: SortDirection;
  readonly after?: string | undefined;
  readonly assetId?: string | undefined;
  readonly check?: number | undefined;
}

/** Null for worst first, also asset by asset, and for the highest risk first, which depends on more than the rows. Throws ApiError BAD_REQUEST where a whole fleet would have to be sorted, and for a cursor of another order. */
export function orderOf({ sort, direction, after, assetId, check }: Wish): DetectionOrder | null {
  if ((sort === 'worst' || sort === 'risk' || sort === 'asset') && direction === 'ascending') return null;
  if (sort === 'risk') throw new ApiError('BAD_REQUEST', 'query.direction: by risk the highest comes first');
  if (sort === 'asset') throw new ApiError('BAD_REQUEST', 'query.direction: asset by asset the first comes first');
  if (assetId === undefined && check === undefined)
    throw new ApiError(
      'BAD_REQUEST',
      'query.sort: detections of all assets come worst first; choose an asset or a check for another order',
    );
  const own = sort === 'worst' ? [] : [{ by: values[sort], type: texts.has(sort) ? ('text' as const) : ('number' as const) }];
  const all: SortKey[] = [...own, ...rank];
  const keys = direction === 'descending' ? turned(all) : all;
  const name = `${sort} ${direction}`;
  const types = keys.map(({ type }) => type);
  return { name, keys, after: after === undefined ? undefined : readPlace(after, name, types) };
}

const values: Readonly<Record<Exclude<DetectionSorting, 'worst' | 'risk' | 'asset'>, RawBuilder<unknown>>> = {
  name: sql`name`,
  hostname: sql`hostname`,
  status: sql`status`,
  firstFound: sql`extract(epoch from first_found)::float8`,
  cvss: sql`coalesce((select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss), -1)`,
  epss: sql`coalesce((body #>> '{epss,score}')::float8, -1)`,
};
const texts: ReadonlySet<DetectionSorting> = new Set(['name', 'hostname', 'status'] as const);

/** What is alike in the rest: worst first, and no two in the same place. */
const rank: readonly SortKey[] = ['-severity', '-check_number', '-confirmed::integer', 'asset_number'].map((by) => ({
  by: sql.raw(by),
  type: 'number',
}));
