import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineSpool } from '../../apps/agent/src/sync/sync-engine.ts';
import type { Dice } from './dice.ts';

/** The machine lost its power at a step of the spool. */
export class PowerLost extends Error {}

/** Of one step in so many. */
const oneIn = 6;

/**
 * Power that fails before, during or after a step that the spool makes durable. What a machine finds afterwards is what was synced:
 * everything of the steps before, and of a step that was under way any part of its last write (SQLite appends to its journal and has
 * not returned).
 */
export class PowerSupply {
  readonly #dice: Dice;
  readonly #onLoss: (moment: string) => void;
  /** How much of the journal is left of the step that was under way; null: all of it. */
  #journalBytes: number | null = null;
  isFair = false;

  constructor(dice: Dice, onLoss: (moment: string) => void) {
    this.#dice = dice;
    this.#onLoss = onLoss;
  }

  through(spool: EngineSpool, folder: string): EngineSpool {
    const step =
      <Args extends unknown[]>(name: string, run: (...args: Args) => boolean) =>
      (...args: Args): boolean => {
        const moment = this.isFair || !this.#dice.chance(1 / oneIn) ? null : this.#dice.pick(['before', 'during', 'after']);
        if (moment === 'before') this.#lose(`before ${name}`);
        const bytes = journalBytes(folder);
        const result = run(...args);
        if (moment === 'during') this.#journalBytes = this.#dice.whole(bytes, Math.max(bytes, journalBytes(folder) - 1));
        if (moment !== null) this.#lose(`${moment} ${name}`);
        return result;
      };
    return {
      acknowledged: (collector) => spool.acknowledged(collector),
      acknowledgedRows: (collector) => spool.acknowledgedRows(collector),
      outgoing: (collector) => spool.outgoing(collector),
      outgoingDocument: (collector) => spool.outgoingDocument(collector),
      put: step('put', (documents) => spool.put(documents)),
      acknowledge: step('acknowledge', (collectors) => spool.acknowledge(collectors)),
      discard: step('discard', (collector) => spool.discard(collector)),
    };
  }

  /** Leaves in a copy of the disk what the loss has left. */
  tear(folder: string): void {
    const bytes = this.#journalBytes;
    this.#journalBytes = null;
    if (bytes !== null && bytes < journalBytes(folder)) truncateSync(journal(folder), bytes);
  }

  #lose(moment: string): never {
    this.#onLoss(moment);
    throw new PowerLost(moment);
  }
}

const journal = (folder: string): string => join(folder, 'spool.db-wal');

function journalBytes(folder: string): number {
  return statSync(journal(folder), { throwIfNoEntry: false })?.size ?? 0;
}
