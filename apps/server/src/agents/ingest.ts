import type { SyncDocument, SyncReply } from '@vedette/protocol';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { isDataError } from '../db/database-error.ts';
import { applyDocuments, InventoryMemory } from '../inventory/apply-documents.ts';
import type { AssetRef } from '../inventory/asset-ref.ts';
import type { DocumentInput, DocumentResult } from '../inventory/document.ts';
import { readRows } from '../inventory/read-rows.ts';
import { AgentProblem } from './agent-problem.ts';
import { documentBytes } from './document-bytes.ts';

interface Waiting {
  readonly asset: AssetRef;
  readonly inputs: readonly DocumentInput[];
  readonly rows: number;
  readonly resolve: (results: DocumentResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What may wait; beyond that agents are told to come back. Rows count, because memory goes by them. */
const mayWait = { requests: 4000, rows: 200_000 };
/** What one transaction takes. Larger ones save nothing more and make everybody in them wait. */
const maxBatch = { requests: 200, rows: 40_000 };
/** While one waits for PostgreSQL, the other computes; but a small transaction costs nearly what one of so many documents does. */
const committers = 2;
const fairBatch = 50;

export interface IngestOptions extends Pick<Context, 'db' | 'clock' | 'log'> {
  /** Package versions were entered that nobody judged yet. */
  readonly onUnjudged: () => void;
  /** Smaller in tests. */
  readonly mayWait?: typeof mayWait;
}

/**
 * Takes documents of all agents: those that arrive while a transaction is under way share the next one (group commit). An answer means that
 * the documents are on disk. Judging new package versions comes after it and is not waited for.
 */
export class Ingest implements AsyncDisposable {
  readonly #options: IngestOptions;
  readonly #memory: InventoryMemory;
  readonly #queue: Waiting[] = [];
  #rows = 0;
  #committing = new Set<Promise<void>>();
  /** Assets whose documents are being committed: the next ones of the same wait, or they could overtake them. */
  readonly #underWay = new Set<string>();

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#memory = new InventoryMemory(options.db);
  }

  /** Documents and rows of theirs that are not on their way to the database yet. */
  get waiting(): { readonly requests: number; readonly rows: number } {
    return { requests: this.#queue.length, rows: this.#rows };
  }

  /** Whether a request would be refused now; to be asked before anything is spent on one. */
  get isFull(): boolean {
    const { requests, rows } = this.#options.mayWait ?? mayWait;
    return this.#queue.length >= requests || this.#rows >= rows;
  }

  /**
   * Takes documents of one asset, each as a whole or not at all. `bytes`: of the request. Throws AgentProblem MALFORMED or BUSY, or what
   * the database threw: then nothing was taken, or nobody knows, and the same documents may be sent again.
   */
  async take(asset: AssetRef, documents: readonly SyncDocument[], bytes: number): Promise<SyncReply['results']> {
    if (new Set(documents.map(({ collector }) => collector)).size < documents.length)
      throw new AgentProblem('MALFORMED', 'A request holds one document of a collector.');
    if (this.isFull) throw new AgentProblem('BUSY', 'Too many documents wait to be stored; try again.');
    const shares = documentBytes(documents, bytes);
    const inputs = documents.map((document, index) => {
      const ref = { ...asset, collector: document.collector };
      return { ref, document, read: readRows(document), bytes: shares[index] ?? 0 };
    });
    const { promise, resolve, reject } = Promise.withResolvers<DocumentResult[]>();
    const rows = documents.reduce((sum, document) => sum + document.rows.count + document.removed.count, 0);
    this.#queue.push({ asset, inputs, rows, resolve, reject });
    this.#rows += rows;
    this.#start();
    return promise;
  }

  /** Ends when everything that waits is stored. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#committing.size > 0) await Promise.all(this.#committing);
  }

  #start(): void {
    while (this.#committing.size < committers && this.#queue.length > 0) {
      if (this.#committing.size > 0 && this.#queue.length < fairBatch) return;
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      for (const { asset } of batch) this.#underWay.add(asset.assetId);
      const commit = this.#commit(batch).finally(() => {
        this.#committing.delete(commit);
        for (const { asset } of batch) this.#underWay.delete(asset.assetId);
        this.#start();
      });
      this.#committing.add(commit);
    }
  }

  /** The longest beginning of the queue that one transaction takes, each asset once and none that is under way. */
  #nextBatch(): Waiting[] {
    const assets = new Set<string>();
    let rows = 0;
    const end = this.#queue.findIndex((waiting, index) => {
      const isFull = index >= maxBatch.requests || (index > 0 && rows + waiting.rows > maxBatch.rows);
      if (isFull || assets.has(waiting.asset.assetId) || this.#underWay.has(waiting.asset.assetId)) return true;
      assets.add(waiting.asset.assetId);
      rows += waiting.rows;
      return false;
    });
    this.#rows -= rows;
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#store(batch.flatMap(({ inputs }) => inputs));
      let next = 0;
      for (const { inputs, resolve } of batch) resolve(results.slice(next, (next += inputs.length)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** A value that the database cannot hold costs its own document, not those that travel with it: they are halved until it is alone. */
  async #store(inputs: readonly DocumentInput[]): Promise<DocumentResult[]> {
    const { db, clock, onUnjudged } = this.#options;
    try {
      const { results, unjudged } = await db.transaction().execute(async (tx) => {
        // Rather tell agents to come again than hold a connection for long.
        await sql`set local lock_timeout = '10s'`.execute(tx);
        return applyDocuments(tx, this.#memory, inputs, clock);
      });
      if (unjudged > 0) onUnjudged();
      return [...results];
    } catch (error) {
      if (!isDataError(error)) throw error;
      const [input] = inputs;
      if (inputs.length === 1 && input) return [await this.#refuse(input, error)];
      const half = Math.ceil(inputs.length / 2);
      return [...(await this.#store(inputs.slice(0, half))), ...(await this.#store(inputs.slice(half)))];
    }
  }

  async #refuse({ ref }: DocumentInput, error: unknown): Promise<DocumentResult> {
    const { db, log } = this.#options;
    log.warn({ err: error, ...ref }, 'a document cannot be stored');
    const state = await db
      .selectFrom('collectorState')
      .select('sequence')
      .where('organizationId', '=', ref.organizationId)
      .where('assetId', '=', ref.assetId)
      .where('collector', '=', ref.collector)
      .executeTakeFirst();
    const reason = 'the database cannot hold a value of it';
    return { collector: ref.collector, outcome: 'rejected', sequence: state?.sequence ?? 0, reason };
  }
}
