import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { inParts } from '../knowledge/in-parts.ts';
import { GatheredTransitions } from './gathered-transitions.ts';
import { OrganizationIndex } from './organization-index.ts';
import type { Cursor } from './cursor.ts';
import { changedChecks, changedVerdicts } from './read-changes.ts';
import { readAssets, readHistories } from './read-histories.ts';
import { VerdictBook } from './verdict-book.ts';

/** Assets read at a time: about 5 MB of histories. */
export const assetPage = 500;
/** Checks judged at a time: other requests come in between. */
export const checkPart = 100;

/** All checks, and verdicts up to a cursor, which the transaction sees. */
export async function buildBook(tx: Kysely<Database>, until: Cursor): Promise<VerdictBook> {
  const book = new VerdictBook();
  for (const check of await changedChecks(tx, 0)) book.enterCheck(check);
  for await (const verdicts of changedVerdicts(tx, null, until)) for (const verdict of verdicts) book.enterVerdict(verdict);
  return book;
}

interface BuildOptions {
  readonly book: VerdictBook;
  readonly organizationId: string;
  readonly until: Cursor;
  readonly now: number;
  readonly signal: AbortSignal;
  /** Hears how many more assets are in. */
  readonly progress: (assets: number) => void;
}

/** The index of one organization from its histories, page by page. */
export async function buildOrganization(
  tx: Kysely<Database>,
  { book, organizationId, until, now, signal, progress }: BuildOptions,
): Promise<OrganizationIndex> {
  const index = new OrganizationIndex(book, now);
  const gathered = new GatheredTransitions(index.log, (at) => book.isKnowledgeTime(at));
  let after = 0;
  for (;;) {
    signal.throwIfAborted();
    const assets = await readAssets(tx, { organizationId, after, limit: assetPage });
    const histories = await readHistories(tx, { organizationId, until }, assets);
    for (const asset of assets) {
      const history = histories.get(asset.number);
      const dense = index.enterAsset(asset);
      if (history) index.load(dense, history, gathered);
    }
    progress(assets.length);
    const last = assets.at(-1);
    if (!last || assets.length < assetPage) break;
    after = last.number;
  }
  gathered.settle();
  await judgeAll(index);
  return index;
}

/** Computes where checks are found, in parts. Nobody else may know the index yet. */
export async function judgeAll(index: OrganizationIndex): Promise<void> {
  const { book } = index;
  // Checks of the same package versions one after the other: what was worked out for one does for the next.
  const subjects = Array.from(book.checks.keys(), (place) => ({ place, key: [...book.packagesOf(place)].join() }));
  const ordered = subjects.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ place }) => place);
  for (const part of inParts(ordered, checkPart)) {
    index.judgeFirst(part);
    await nextTurn();
  }
}
