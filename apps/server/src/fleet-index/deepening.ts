import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type AssetHistory, deriveHistories } from './detection-history.ts';
import { GatheredTransitions } from './gathered-transitions.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { Cursor } from './cursor.ts';
import { readHistories } from './read-histories.ts';
import { TransitionLog } from './transition-log.ts';

/** Assets read at a time, and between two turns of others. */
const [page, turn] = [50, 10];

/**
 * Reads what came and went before an index begins, some assets at a time, while it goes on; the index takes it over when all is there. Which
 * assets there are, and since when, the index knows already.
 */
export class Deepening {
  /** From here, in ms since 1970, up to where the index begins. */
  readonly since: number;
  readonly until: number;
  readonly #index: OrganizationIndex;
  readonly #log = new TransitionLog();
  readonly #gathered: GatheredTransitions;
  /** Dense numbers of assets below it are read. */
  #next = 0;

  constructor(index: OrganizationIndex, since: number) {
    [this.#index, this.since, this.until] = [index, since, index.deepSince];
    this.#gathered = new GatheredTransitions(this.#log, (at) => index.book.isKnowledgeTime(at));
  }

  /** Reads some more. False: there was no more. The index must be at the cursor, which the transaction sees. */
  async readPage(tx: Kysely<Database>, scope: { readonly organizationId: string; readonly until: Cursor }): Promise<boolean> {
    const { table } = this.#index;
    if (this.#next >= table.assets.length) return false;
    const assets: number[] = [];
    let end = this.#next;
    for (; end < table.assets.length && assets.length < page; end += 1) {
      const birth = table.birth(end);
      // What came later has no earlier history.
      if (birth > 0 && birth < this.until) assets.push(end);
    }
    const rows = assets.flatMap((asset) => table.assets[asset] ?? []);
    const histories = await readHistories(tx, scope, rows);
    for (const [count, asset] of assets.entries()) {
      if (count % turn === turn - 1) await nextTurn();
      const history = histories.get(table.assets[asset]?.number ?? -1);
      if (history) this.#take(asset, history);
    }
    this.#next = end;
    return true;
  }

  /** What was read of these assets is told otherwise by now. */
  reload(histories: ReadonlyMap<number, AssetHistory>): void {
    const read = [...histories].filter(([asset]) => asset < this.#next);
    if (read.length === 0) return;
    const assets = new Set(read.map(([asset]) => asset));
    this.#gathered.forget(assets);
    this.#log.forget(assets);
    for (const [asset, history] of read) this.#take(asset, history);
  }

  /** All that was read; the caller disposes it. */
  end(): TransitionLog {
    this.#gathered.settle();
    return this.#log;
  }

  dispose(): void {
    this.#gathered.settle();
    this.#log.dispose();
  }

  #take(asset: number, history: AssetHistory): void {
    for (const { place, transitions } of deriveHistories(history, this.#index.book, this.since)) {
      for (const transition of transitions) if (transition.at < this.until) this.#gathered.add(place, asset, transition);
    }
  }
}
