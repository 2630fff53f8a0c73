import { getBuiltinModule } from 'node:process';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { FactRow, SentSyncDocument } from '@vedette/protocol';
import { isDiskProblem, openDatabase } from './open-database.ts';
import { packRows, packText, unpackRows, unpackText } from './packed.ts';
import { readOldState, removeOldState } from './old-state.ts';

/** A state of a collector, without its rows. */
export interface StateMark {
  /** Version of the fact. */
  readonly version: number;
  readonly sequence: number;
  readonly digest: string;
}

/** The rows of a collector that the platform has confirmed: where the next delta starts from. */
export interface AcknowledgedState extends StateMark {
  readonly rows: readonly FactRow[];
}

/** A document that is about to be sent, and the state that its receipt confirms. */
export interface Outgoing {
  readonly collector: string;
  readonly document: SentSyncDocument;
  readonly after: AcknowledgedState;
}

export interface SpoolOptions {
  /** Whose state this is: that of another agent, left behind by a re-enrollment, is forgotten. */
  readonly agentId: string;
  /** Ceiling of the database in bytes. */
  readonly maxBytes?: number;
}

const fileName = 'spool.db';
const defaultMaxBytes = 64 * 1024 * 1024;
const pageBytes = 4096;

/** How many rows the platform has confirmed, by collector; also while the agent runs. Empty when there is no spool to read. */
export function acknowledgedRowCounts(stateDirectory: string): ReadonlyMap<string, number> {
  try {
    const { DatabaseSync: Database } = getBuiltinModule('node:sqlite');
    using database = new Database(join(stateDirectory, fileName), { readOnly: true, timeout: 2000 });
    const rows = database.prepare('select collector, row_count from acknowledged').all();
    return new Map(rows.map((found) => [String(found['collector']), Number(found['row_count'])]));
  } catch {
    return new Map();
  }
}

/**
 * What must outlive this process: per collector the rows that the platform has, and the one document that is on its way. A document is
 * durable before it is sent, so that after a crash the same one is sent again under its number, and the platform sees a duplicate.
 *
 * SQLite in WAL mode with synchronous=FULL: every commit is on disk before it returns. There are two commits per request that carries
 * news and none otherwise, so the fsync costs nothing that NORMAL would save; NORMAL could lose the last commits with the power, and
 * then a number would be used twice.
 *
 * The spool cannot grow with time: a collector waits with one document, and what changes meanwhile collapses into the next. Where the
 * disk or the ceiling leaves no room, `put` says so and keeps nothing: the document is then sent without having been kept. Rows are
 * never lost by that, because they can always be collected again; it costs a snapshot after a crash at most.
 */
export class Spool implements Disposable {
  readonly #database: DatabaseSync;
  /** Null when it is the file. */
  readonly #whyMemory: string | null;
  #problem: string | null;

  private constructor(database: DatabaseSync, problem: string | null) {
    this.#database = database;
    this.#whyMemory = problem;
    this.#problem = problem;
  }

  /**
   * Opens `spool.db` of a state directory and takes over what agents before 0.2 kept there. A damaged database is set aside; on a disk
   * that takes nothing the spool lives in memory. Never throws for what is on the disk.
   */
  static open(stateDirectory: string, { agentId, maxBytes = defaultMaxBytes }: SpoolOptions): Spool {
    const { database, problem } = openDatabase(join(stateDirectory, fileName));
    database.exec(`pragma max_page_count = ${Math.floor(maxBytes / pageBytes)}`);
    const spool = new Spool(database, problem);
    spool.#write(() => spool.#belongTo(agentId));
    const old = readOldState(stateDirectory);
    const isCarried = spool.#write(() => {
      for (const [collector, state] of old) spool.#insert('acknowledged', collector, state);
    });
    if (isCarried && problem === null) removeOldState(stateDirectory);
    return spool;
  }

  /** One that forgets with the process. */
  static inMemory(): Spool {
    return new Spool(openDatabase(':memory:').database, null);
  }

  /** Why the disk keeps nothing at present; null when it does. */
  get problem(): string | null {
    return this.#problem;
  }

  acknowledged(collector: string): StateMark | null {
    return this.#mark('acknowledged', collector);
  }

  /** Null where there are none, or none that can be read. */
  acknowledgedRows(collector: string): readonly FactRow[] | null {
    return this.#read(() => {
      const found = this.#database.prepare('select rows from acknowledged where collector = ?').get(collector);
      return found ? unpackRows(found['rows']) : null;
    });
  }

  /** The document that waits for its receipt. */
  outgoing(collector: string): StateMark | null {
    return this.#mark('outgoing', collector);
  }

  outgoingDocument(collector: string): SentSyncDocument | null {
    return this.#read(() => {
      const found = this.#database.prepare('select document from outgoing where collector = ?').get(collector);
      return found ? (JSON.parse(unpackText(found['document'])) as SentSyncDocument) : null; // our own file, whole by its checksum
    });
  }

  /** Keeps documents before they are sent, all or none. False when the disk has no room for them. */
  put(documents: readonly Outgoing[]): boolean {
    if (documents.length === 0) return true;
    return this.#write(() => {
      for (const { collector, document, after } of documents) {
        this.#insert('outgoing', collector, after);
        const packed = packText(JSON.stringify(document));
        this.#database.prepare('update outgoing set document = ? where collector = ?').run(packed, collector);
      }
    });
  }

  /** The platform has what was on its way of these collectors. False when that could not be noted: they will be sent once more. */
  acknowledge(collectors: readonly string[]): boolean {
    if (collectors.length === 0) return true;
    return this.#write(() => {
      for (const collector of collectors) {
        const columns = 'collector, version, sequence, digest, row_count, rows';
        const taken = `insert or replace into acknowledged (${columns}) select ${columns} from outgoing where collector = ?`;
        this.#database.prepare(taken).run(collector);
        this.#database.prepare('delete from outgoing where collector = ?').run(collector);
      }
    });
  }

  /** The platform cannot use what was on its way. */
  discard(collector: string): boolean {
    return this.#write(() => this.#database.prepare('delete from outgoing where collector = ?').run(collector));
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #belongTo(agentId: string): void {
    const known = this.#database.prepare('select agent_id from owner').get()?.['agent_id'];
    if (known === agentId) return;
    if (known !== undefined) this.#database.exec('delete from acknowledged; delete from outgoing; delete from owner');
    this.#database.prepare('insert into owner (agent_id) values (?)').run(agentId);
  }

  #insert(table: 'acknowledged' | 'outgoing', collector: string, { version, sequence, digest, rows }: AcknowledgedState): void {
    const columns = 'collector, version, sequence, digest, row_count, rows';
    this.#database
      .prepare(`insert or replace into ${table} (${columns}) values (?, ?, ?, ?, ?, ?)`)
      .run(collector, version, sequence, digest, rows.length, packRows(rows));
  }

  #mark(table: 'acknowledged' | 'outgoing', collector: string): StateMark | null {
    return this.#read(() => {
      const found = this.#database.prepare(`select version, sequence, digest from ${table} where collector = ?`).get(collector);
      if (!found) return null;
      return { version: Number(found['version']), sequence: Number(found['sequence']), digest: String(found['digest']) };
    });
  }

  /** Null for what is not there or cannot be read: the platform then says what it has, and gets a snapshot. */
  #read<Result>(read: () => Result | null): Result | null {
    try {
      return read();
    } catch {
      return null;
    }
  }

  /** One transaction, durable when this returns true. */
  #write(write: () => void): boolean {
    try {
      this.#database.exec('begin immediate');
      write();
      this.#database.exec('commit');
      this.#problem = this.#whyMemory;
      return true;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      if (!isDiskProblem(error)) throw error;
      this.#problem = `the spool cannot be written: ${error.message}`;
      return false;
    }
  }
}
