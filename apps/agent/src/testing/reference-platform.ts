import { hash } from 'node:crypto';
import {
  fromColumns,
  rowHash,
  rowKey,
  RowSetDigest,
  SyncDocument,
  type FactRow,
  type SentSyncDocument,
  type SyncReply,
} from '@vedette/protocol';

interface Held {
  readonly sequence: number;
  readonly digest: string;
  readonly rows: ReadonlyMap<string, FactRow>;
}

type Result = SyncReply['results'][number];

/** The platform's half of the sync protocol in its shortest form: what the agent's engine is tested and measured against. */
export class ReferencePlatform {
  readonly #keys: ReadonlyMap<string, readonly string[]>;
  readonly held = new Map<string, Held>();

  constructor(keys: ReadonlyMap<string, readonly string[]>) {
    this.#keys = keys;
  }

  sync(documents: readonly SentSyncDocument[]): SyncReply {
    return { results: documents.map((document) => this.#take(SyncDocument.parse(document))) };
  }

  rowsOf(collector: string): FactRow[] {
    return [...(this.held.get(collector)?.rows.values() ?? [])];
  }

  #take(document: SyncDocument): Result {
    const { collector, sequence, digest, kind } = document;
    const key = this.#keys.get(collector) ?? [];
    const before = this.held.get(collector);
    const answer = (outcome: Result['outcome']): Result => ({
      collector,
      outcome,
      sequence: this.held.get(collector)?.sequence ?? 0,
    });
    if (before?.sequence === sequence && before.digest === digest) return answer('duplicate');
    const isNext = kind === 'snapshot' ? sequence > (before?.sequence ?? 0) : sequence - 1 === before?.sequence;
    if (!isNext) return answer('resend');
    const rows = new Map(kind === 'snapshot' ? [] : before?.rows);
    for (const row of fromColumns(document.removed)) rows.delete(rowKey(row, key));
    for (const row of fromColumns(document.rows)) rows.set(rowKey(row, key), row);
    if (digestOf(rows.values()) !== digest) return answer('resend');
    this.held.set(collector, { sequence, digest, rows });
    return answer('accepted');
  }
}

export function digestOf(rows: Iterable<FactRow>): string {
  const digest = new RowSetDigest();
  for (const row of rows) digest.add(rowHash(row, (text) => hash('sha256', text, 'buffer')));
  return digest.hex();
}
