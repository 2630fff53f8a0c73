import { sql } from 'kysely';
import type { CollectorRef, Tx } from './asset-ref.ts';
import type { ChangeMoment, RowChange, RowStore, StoredRow } from './row-change.ts';

/** Rows that belong to one asset alone: interfaces, sockets, users … Current rows, and the changes that led to them. */
export const factStore: RowStore = {
  async load(tx: Tx, ref: CollectorRef, keys: ReadonlySet<string> | null): Promise<StoredRow[]> {
    const rows = await tx
      .selectFrom('factRow')
      .select(['rowKey', 'rowHash'])
      .where('organizationId', '=', ref.organizationId)
      .where('assetId', '=', ref.assetId)
      .where('collector', '=', ref.collector)
      .$if(keys !== null, (query) => query.where('rowKey', '=', sql<string>`any(${[...(keys ?? [])]})`))
      .execute();
    return rows.map(({ rowKey, rowHash }) => ({ key: rowKey, hash: rowHash }));
  },

  async apply(tx: Tx, ref: CollectorRef, change: RowChange, moment: ChangeMoment): Promise<void> {
    const { organizationId, assetId, collector } = ref;
    if (change.added.length === 0 && change.removed.length === 0) return;
    if (change.removed.length > 0) {
      await tx
        .deleteFrom('factRow')
        .where('organizationId', '=', organizationId)
        .where('assetId', '=', assetId)
        .where('collector', '=', collector)
        .where('rowKey', '=', sql<string>`any(${change.removed.map(({ key }) => key)})`)
        .execute();
    }
    if (change.added.length > 0) {
      const { added } = change;
      await sql`
        insert into fact_row (organization_id, asset_id, collector, row_key, row_hash, body)
        select ${organizationId}, ${assetId}, ${collector}, *
        from unnest(
          ${added.map(({ key }) => key)}::text[],
          ${added.map(({ hash }) => hash)}::bytea[],
          ${added.map(({ row }) => JSON.stringify(row))}::jsonb[]
        )`.execute(tx);
    }
    await tx
      .insertInto('factChange')
      .values({
        ...ref,
        sequence: moment.sequence,
        at: moment.at,
        added: JSON.stringify(change.added.map(({ row }) => row)),
        removed: JSON.stringify(change.removed.map(({ key }) => key)),
      })
      .execute();
  },
};
