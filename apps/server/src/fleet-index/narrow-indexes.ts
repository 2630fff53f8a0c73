import type { AssetScope } from '../db/asset-scope.ts';
import { narrowIndex } from './narrow-index.ts';
import type { OrganizationIndex } from './organization-index.ts';

/** Of so many scopes of an organization, those asked for last. */
const maxKept = 8;

interface Kept {
  readonly revision: number;
  readonly book: number;
  readonly index: OrganizationIndex;
}

/** Indexes of scopes, each kept until something changes. */
export class NarrowIndexes {
  readonly #kept = new WeakMap<OrganizationIndex, Map<string, Kept>>();

  /** To be used before the next await, as the whole is. */
  of(whole: OrganizationIndex, { key, assetIds }: AssetScope): OrganizationIndex {
    const kept = this.#kept.get(whole) ?? new Map<string, Kept>();
    this.#kept.set(whole, kept);
    const known = kept.get(key);
    kept.delete(key);
    const isCurrent = known && known.revision === whole.revision && known.book === whole.book.newest;
    if (known && !isCurrent) known.index.dispose();
    const index = known && isCurrent ? known.index : narrowIndex(whole, assetIds);
    [index.since, index.deepSince] = [whole.since, whole.deepSince];
    kept.set(key, { revision: whole.revision, book: whole.book.newest, index });
    const [oldest] = kept.keys();
    if (kept.size > maxKept && oldest !== undefined) {
      kept.get(oldest)?.index.dispose();
      kept.delete(oldest);
    }
    return index;
  }
}
