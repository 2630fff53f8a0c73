import { dpkgFact } from '@vedette/protocol';
import { packageElement } from '@vedette/matching';
import { sql } from 'kysely';
import type { CollectorRef, Tx } from './asset-ref.ts';
import { changeInventory, loadInventory } from './inventory.ts';
import { internPackageVersions, type PackageVersionRow } from './package-versions.ts';
import { assetRelease } from './release.ts';
import { type ChangeMoment, type KeyedRow, type RowChange, type RowStore, storedKey, type StoredRow } from './row-change.ts';

/** Rows that many assets share: a distinct package version is kept once, an asset keeps the numbers of those it has. */
export const packageStore: RowStore = {
  async load(tx: Tx, ref: CollectorRef, keys: ReadonlySet<string> | null): Promise<StoredRow[]> {
    const ids = await loadInventory(tx, ref);
    if (ids.length === 0) return [];
    const rows = await tx
      .selectFrom('packageVersion')
      .select(['id', 'name', 'architecture', 'rowHash'])
      .where('id', '=', sql<number>`any(${ids})`)
      .execute();
    return rows
      .map(({ rowHash, id, ...row }) => ({ key: storedKey(row, dpkgFact.key), hash: rowHash, id }))
      .filter(({ key }) => keys === null || keys.has(key));
  },

  async apply(tx: Tx, ref: CollectorRef, change: RowChange, moment: ChangeMoment): Promise<void> {
    const { ecosystem, release } = await assetRelease(tx, ref);
    const added = await internPackageVersions(
      tx,
      change.added.map((row) => packageVersionRow(row, ecosystem, release)),
    );
    const removed = change.removed.flatMap(({ id }) => (id === undefined ? [] : [id]));
    await changeInventory(tx, ref, { added, removed, at: moment.at, rebase: moment.snapshot });
  },
};

function packageVersionRow({ row, hash }: KeyedRow, ecosystem: string, release: string): PackageVersionRow {
  const pkg = dpkgFact.row.parse(row);
  const role = packageElement(pkg, release)?.role ?? 'installed';
  return { ...pkg, ecosystem, release, role, rowHash: hash };
}
