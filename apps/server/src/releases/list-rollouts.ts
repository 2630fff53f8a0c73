import type { listRollouts, RolloutSorting } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { z } from 'zod';
import type { Database } from '../db/schema.ts';
import { containing } from '../detections/like.ts';
import { byNewest, byText, byVersion, findSorted, type SortedPage, type SortKey } from '../http/list-cursor.ts';
import type { RolloutRow } from './wishes-store.ts';

const newest: readonly SortKey[] = [...byNewest(sql`started_at`), { by: sql`id::text`, type: 'text' }];

const sortKeys: Readonly<Record<RolloutSorting, readonly SortKey[]>> = {
  newest,
  version: [...byVersion(sql`version`), ...newest],
  state: [...byText(sql`state`), ...newest],
  ring: [...byText(sql`rings -> ring ->> 'name'`), ...newest],
  reason: [...byText(sql`reason`), ...newest],
  changedAt: [...byNewest(sql`changed_at`), ...newest],
};

/** Roll-outs as they are kept. Throws ApiError BAD_REQUEST for a cursor of another order. */
export async function listRolloutRows(
  db: Kysely<Database>,
  organizationId: string,
  query: z.output<typeof listRollouts.query>,
): Promise<SortedPage<RolloutRow & { readonly login: string | null }>> {
  const text = sql`concat_ws(' ', rollout.subject, rollout.version, rollout.reason)`;
  const rows = sql`
    select rollout.*, app_user.login
    from rollout left join app_user on app_user.id = rollout.started_by
    where rollout.organization_id = ${organizationId}
      and ${query.search ? sql`${text} ilike ${containing(query.search)}` : sql`true`}`;
  return findSorted(db, rows, sortKeys[query.sort], query);
}
