import {
  limits,
  rowHash,
  RowSetDigest,
  toColumns,
  type CheckIn,
  type CollectorStatus,
  type FactRow,
  type SentSyncDocument,
  type Sha256,
  type SyncReply,
} from '@vedette/protocol';
import type { AcknowledgedState, AcknowledgedStore } from './acknowledged-store.ts';
import { diffRows, keyRows, type ChangeLimit, type KeyedRows } from './diff-rows.ts';

/** What a collector found. */
export interface Observation {
  readonly fact: { readonly name: string; readonly version: number; readonly key: readonly string[] };
  readonly status: CollectorStatus;
  readonly problem?: string;
  readonly rows: readonly FactRow[];
  /** RFC 3339, UTC. */
  readonly collectedAt: string;
}

/** What became of one document, for people. */
export interface SentDocument {
  readonly collector: string;
  readonly kind: SentSyncDocument['kind'];
  readonly sequence: number;
  readonly rows: number;
  readonly removed: number;
  /** Of this document alone, compressed. */
  readonly bytes: number;
  readonly outcome: SyncReply['results'][number]['outcome'] | 'unanswered';
  readonly reason?: string;
}

export interface SyncEngineParts {
  readonly store: AcknowledgedStore;
  /** Delivers documents in one request; throws when there is no trustworthy reply. */
  readonly send: (documents: readonly SentSyncDocument[]) => Promise<SyncReply>;
  readonly sha256: Sha256;
  /** Size of a document by itself as it travels, in bytes. */
  readonly sizeOf: (document: SentSyncDocument) => number;
  /** Ceiling of one document; smaller in tests. */
  readonly documentLimit?: ChangeLimit;
}

/** One collector in memory: the latest observation, and of the acknowledged state only what is needed to see a change. */
interface Track {
  observation: Observation | null;
  acknowledged: Omit<AcknowledgedState, 'rows'>;
  /** Digest of the observed rows. */
  digest: string;
  /** Rows not yet acknowledged; null when the platform has them all. */
  pending: KeyedRows | null;
  needsSnapshot: boolean;
  /** Digest of rows that the platform refused for good. */
  rejected: string | null;
  /** Highest sequence the platform is known to have. */
  platformSequence: number;
}

interface Planned {
  readonly track: Track;
  readonly document: SentSyncDocument;
  readonly after: AcknowledgedState;
  readonly chars: number;
}

const nothing: Omit<AcknowledgedState, 'rows'> = { version: 0, sequence: 0, digest: '0'.repeat(64) };
/** A document more than a full request is what travels at most: both together stay below `agentDocumentBytes`, also with some bytes a character. */
const defaultLimit: ChangeLimit = { rows: limits.rowsPerDocument, chars: limits.agentDocumentBytes / 4 };
const requestChars = limits.agentDocumentBytes / 4;
const documentsPerRequest = 64;
/** A collector that still needs a snapshot after so many is left for the next attempt. */
const maxRounds = 64;
const maxResends = 3;

/**
 * Brings the platform's rows to what the collectors last saw. Nothing is queued: what to send is always derived from the
 * observed rows and those that the platform acknowledged, so losing messages, replies or this process loses no change.
 */
export class SyncEngine {
  readonly #parts: SyncEngineParts;
  readonly #tracks = new Map<string, Track>();

  constructor(parts: SyncEngineParts) {
    this.#parts = parts;
  }

  /** Takes what a collector found. A failed or unsupported run says nothing about the rows and changes only the reported status. */
  observe(observation: Observation): void {
    const track = this.#track(observation.fact.name);
    track.observation = { ...observation, rows: [] };
    if (observation.status === 'failed' || observation.status === 'unsupported') return;
    const rows = keyRows(observation.rows, observation.fact.key);
    track.digest = this.#digestOf(rows.values());
    const { acknowledged } = track;
    const isKnown = acknowledged.sequence > 0 && acknowledged.version === observation.fact.version;
    if (!isKnown) track.needsSnapshot = true;
    const isSent = isKnown && !track.needsSnapshot && acknowledged.digest === track.digest;
    track.pending = isSent || track.rejected === track.digest ? null : rows;
  }

  /**
   * The platform asked for the whole state of this collector. False when the rows are not at hand: then the collector has to run
   * again first.
   */
  requestSnapshot(collector: string): boolean {
    const track = this.#tracks.get(collector);
    const status = track?.observation?.status;
    if (!track || status === undefined || status === 'failed' || status === 'unsupported') return true;
    if (track.rejected !== null && track.rejected === track.digest) return true;
    track.needsSnapshot = true;
    track.pending ??= this.#acknowledgedRows(collector, track);
    return track.pending !== null;
  }

  get hasPending(): boolean {
    return this.#pending().length > 0;
  }

  /** For the check-in, in the order in which collectors were first seen. */
  states(): CheckIn['collectors'] {
    return [...this.#tracks].flatMap(([name, { observation, acknowledged }]) => {
      if (!observation) return [];
      const { sequence, digest } = acknowledged;
      const problem = observation.problem === undefined ? {} : { problem: observation.problem };
      return [{ name, sequence, digest, status: observation.status, ...problem }];
    });
  }

  /** Sends until the platform has everything. Throws what `send` throws; what was acknowledged until then stays acknowledged. */
  async sync(): Promise<SentDocument[]> {
    const sent: SentDocument[] = [];
    const resends = new Map<string, number>();
    for (let round = 0; round < maxRounds; round++) {
      const batch = this.#plan(this.#pending().filter(([name]) => (resends.get(name) ?? 0) < maxResends));
      if (batch.length === 0) break;
      const reply = await this.#parts.send(batch.map(({ document }) => document));
      for (const planned of batch) {
        const result = reply.results.find(({ collector }) => collector === planned.document.collector);
        const outcome = this.#settle(planned, result);
        if (outcome === 'resend' || outcome === 'unanswered')
          resends.set(planned.document.collector, (resends.get(planned.document.collector) ?? 0) + 1);
        sent.push({
          ...describe(planned, this.#parts.sizeOf),
          outcome,
          ...(result?.reason === undefined ? {} : { reason: result.reason }),
        });
      }
    }
    return sent;
  }

  #pending(): [string, Track][] {
    return [...this.#tracks].filter(([, track]) => track.pending !== null);
  }

  #track(name: string): Track {
    const known = this.#tracks.get(name);
    if (known) return known;
    const stored = this.#parts.store.load(name);
    const acknowledged = stored ? { version: stored.version, sequence: stored.sequence, digest: stored.digest } : nothing;
    const track: Track = {
      observation: null,
      acknowledged,
      digest: acknowledged.digest,
      pending: null,
      needsSnapshot: !stored,
      rejected: null,
      platformSequence: acknowledged.sequence,
    };
    this.#tracks.set(name, track);
    return track;
  }

  /** As many documents as fit into one request: one per collector. */
  #plan(pending: readonly [string, Track][]): Planned[] {
    const batch: Planned[] = [];
    let chars = 0;
    for (const [name, track] of pending) {
      if (batch.length >= documentsPerRequest || chars >= requestChars) break;
      const planned = this.#document(name, track);
      if (!planned) continue;
      batch.push(planned);
      chars += planned.chars;
    }
    return batch;
  }

  #document(name: string, track: Track): Planned | null {
    const { observation, pending } = track;
    if (!observation || !pending) return null;
    const before = track.needsSnapshot ? null : this.#acknowledgedRows(name, track);
    const { version, key } = observation.fact;
    const changes = diffRows(before ?? new Map(), pending, this.#parts.documentLimit ?? defaultLimit);
    const isNoChange = before !== null && changes.changed.length + changes.removed.length === 0;
    if (isNoChange) {
      track.pending = null;
      return null;
    }
    // A snapshot must lie above whatever the platform has; a delta continues the acknowledged state by exactly one.
    const sequence = before ? track.acknowledged.sequence + 1 : Math.max(track.platformSequence, track.acknowledged.sequence) + 1;
    const digest = this.#digestOf(changes.after.values());
    const removedKeys = changes.removed.map((row) => Object.fromEntries(key.map((column) => [column, row[column] ?? null])));
    const document: SentSyncDocument = {
      collector: name,
      version,
      kind: before ? 'delta' : 'snapshot',
      sequence,
      digest,
      collectedAt: observation.collectedAt,
      status: observation.status,
      rows: sentColumns(changes.changed),
      ...(removedKeys.length === 0 ? {} : { removed: sentColumns(removedKeys) }),
    };
    const after = { version, sequence, digest, rows: [...changes.after.values()] };
    return { track, document, after, chars: JSON.stringify(document).length };
  }

  #settle({ track, document, after }: Planned, result: SyncReply['results'][number] | undefined): SentDocument['outcome'] {
    if (!result) return 'unanswered';
    const { outcome, sequence } = result;
    track.platformSequence = Math.max(track.platformSequence, sequence);
    if (outcome === 'accepted' || outcome === 'duplicate') {
      this.#parts.store.save(document.collector, after);
      track.acknowledged = { version: after.version, sequence: after.sequence, digest: after.digest };
      track.needsSnapshot = false;
      if (after.digest === track.digest) track.pending = null;
    } else if (outcome === 'resend') {
      track.needsSnapshot = true;
    } else {
      track.rejected = track.digest;
      track.pending = null;
    }
    return outcome;
  }

  /** Null when they cannot be read any more, or are not what was acknowledged. */
  #acknowledgedRows(name: string, track: Track): KeyedRows | null {
    const stored = this.#parts.store.load(name);
    const key = track.observation?.fact.key;
    if (!stored || !key) return null;
    const rows = keyRows(stored.rows, key);
    return this.#digestOf(rows.values()) === track.acknowledged.digest ? rows : null;
  }

  #digestOf(rows: Iterable<FactRow>): string {
    const digest = new RowSetDigest();
    for (const row of rows) digest.add(rowHash(row, this.#parts.sha256));
    return digest.hex();
  }
}

/** Columns without what is empty; see ColumnarRows. */
function sentColumns(rows: readonly FactRow[]): SentSyncDocument['rows'] {
  const { count, constants, columns } = toColumns(rows);
  const isUsed = (part: object): boolean => Object.keys(part).length > 0;
  return { count, ...(isUsed(constants) ? { constants } : {}), ...(isUsed(columns) ? { columns } : {}) };
}

function describe({ document }: Planned, sizeOf: SyncEngineParts['sizeOf']): Omit<SentDocument, 'outcome'> {
  const { collector, kind, sequence, rows, removed } = document;
  return { collector, kind, sequence, rows: rows.count, removed: removed?.count ?? 0, bytes: sizeOf(document) };
}
