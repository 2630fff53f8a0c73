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
import type { Outgoing, Spool, StateMark } from '../spool/spool.ts';
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

/** What the engine did since it started, besides sending what was asked. */
export interface SyncCounters {
  /** Documents sent again under their number, because no receipt had come. */
  readonly repeated: number;
  /** Changes that never travelled by themselves, because a later one came before they could. */
  readonly collapsed: number;
  /** Documents sent without having been kept, because the disk or the ceiling left no room. */
  readonly unspooled: number;
}

export interface SyncEngineParts {
  readonly spool: EngineSpool;
  /** Delivers documents in one request; throws when there is no trustworthy reply. */
  readonly send: (documents: readonly SentSyncDocument[]) => Promise<SyncReply>;
  readonly sha256: Sha256;
  /** Size of a document by itself as it travels, in bytes. */
  readonly sizeOf: (document: SentSyncDocument) => number;
  /** Ceiling of one document; smaller in tests. */
  readonly documentLimit?: ChangeLimit;
}

/** What the engine asks of the spool. */
export type EngineSpool = Pick<
  Spool,
  'acknowledged' | 'acknowledgedRows' | 'outgoing' | 'outgoingDocument' | 'put' | 'acknowledge' | 'discard'
>;

/** One collector in memory: the latest observation, and of the acknowledged state only what is needed to see a change. */
interface Track {
  observation: Observation | null;
  acknowledged: StateMark;
  /** What a document in the spool leads to; null when none waits for its receipt. */
  outgoing: StateMark | null;
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
  /** To be kept before it is sent; null for a document that comes from the spool. */
  readonly fresh: Outgoing | null;
  readonly chars: number;
}

const nothing: StateMark = { version: 0, sequence: 0, digest: '0'.repeat(64) };
/** A document more than a full request is what travels at most: both together stay below `agentDocumentBytes`, also with some bytes a character. */
const defaultLimit: ChangeLimit = { rows: limits.rowsPerDocument, chars: limits.agentDocumentBytes / 4 };
const requestChars = limits.agentDocumentBytes / 4;
const documentsPerRequest = 64;
/** A collector that still needs a snapshot after so many is left for the next attempt. */
const maxRounds = 64;
const maxResends = 3;

/**
 * Brings the platform's rows to what the collectors last saw. What to send is always derived from the observed rows and those that the
 * platform acknowledged, so losing messages, replies or this process loses no change. Per collector one document is on its way, kept in
 * the spool before it is sent and repeated until there is a receipt; what changes meanwhile collapses into the next one.
 */
export class SyncEngine {
  readonly #parts: SyncEngineParts;
  readonly #tracks = new Map<string, Track>();
  #counters: SyncCounters = { repeated: 0, collapsed: 0, unspooled: 0 };

  constructor(parts: SyncEngineParts) {
    this.#parts = parts;
  }

  /** Takes what a collector found. A failed or unsupported run says nothing about the rows and changes only the reported status. */
  observe(observation: Observation): void {
    const track = this.#track(observation.fact.name);
    track.observation = { ...observation, rows: [] };
    if (observation.status === 'failed' || observation.status === 'unsupported') return;
    const rows = keyRows(observation.rows, observation.fact.key);
    const digest = this.#digestOf(rows.values());
    const isOvertaken = track.pending !== null && digest !== track.digest && track.outgoing?.digest !== track.digest;
    if (isOvertaken) this.#count('collapsed');
    track.digest = digest;
    const { acknowledged } = track;
    const isKnown = acknowledged.sequence > 0 && acknowledged.version === observation.fact.version;
    if (!isKnown) track.needsSnapshot = true;
    const isSent = isKnown && !track.needsSnapshot && !track.outgoing && acknowledged.digest === track.digest;
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
    this.#abandon(collector, track);
    track.pending ??= this.#acknowledgedRows(collector, track);
    return track.pending !== null;
  }

  get hasPending(): boolean {
    return this.#pending().length > 0;
  }

  get counters(): SyncCounters {
    return this.#counters;
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
      this.#keep(batch);
      const reply = await this.#parts.send(batch.map(({ document }) => document));
      const received: string[] = [];
      for (const planned of batch) {
        const { collector } = planned.document;
        const result = reply.results.find((each) => each.collector === collector);
        const outcome = result?.outcome ?? 'unanswered';
        if (result) this.#settle(planned, result);
        if (outcome === 'accepted' || outcome === 'duplicate') received.push(collector);
        else if (outcome !== 'rejected') resends.set(collector, (resends.get(collector) ?? 0) + 1);
        sent.push({
          ...describe(planned, this.#parts.sizeOf),
          outcome,
          ...(result?.reason === undefined ? {} : { reason: result.reason }),
        });
      }
      this.#parts.spool.acknowledge(received);
    }
    return sent;
  }

  #pending(): [string, Track][] {
    return [...this.#tracks].filter(([, { pending, outgoing }]) => pending !== null || outgoing !== null);
  }

  #track(name: string): Track {
    const known = this.#tracks.get(name);
    if (known) return known;
    const stored = this.#parts.spool.acknowledged(name);
    const acknowledged = stored ?? nothing;
    const track: Track = {
      observation: null,
      acknowledged,
      outgoing: this.#parts.spool.outgoing(name),
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
      const planned = this.#repeated(name, track) ?? this.#document(name, track);
      if (!planned) continue;
      batch.push(planned);
      chars += planned.chars;
    }
    return batch;
  }

  /** The document that waits for its receipt, as it was sent before. */
  #repeated(name: string, track: Track): Planned | null {
    if (!track.outgoing) return null;
    const document = this.#parts.spool.outgoingDocument(name);
    if (document) return { track, document, fresh: null, chars: JSON.stringify(document).length };
    this.#abandon(name, track);
    return null;
  }

  /** A new document, from the observed rows. */
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
    // A snapshot must lie above whatever the platform may have; a delta continues the acknowledged state by exactly one.
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
    return { track, document, fresh: { collector: name, document, after }, chars: JSON.stringify(document).length };
  }

  /** Before anything is sent, so that after a crash the same documents go out again under the same numbers. */
  #keep(batch: readonly Planned[]): void {
    const fresh = batch.flatMap((planned) => planned.fresh ?? []);
    const isKept = this.#parts.spool.put(fresh);
    for (const { track, fresh: one } of batch) {
      if (!one) this.#count('repeated');
      else if (!isKept) this.#count('unspooled');
      else track.outgoing = { version: one.after.version, sequence: one.after.sequence, digest: one.after.digest };
    }
  }

  #settle({ track, document, fresh }: Planned, { outcome, sequence }: SyncReply['results'][number]): void {
    const { version, digest, collector } = document;
    track.platformSequence = Math.max(track.platformSequence, sequence);
    if (outcome === 'accepted' || outcome === 'duplicate') {
      track.acknowledged = { version, sequence: document.sequence, digest };
      track.outgoing = null;
      track.needsSnapshot = false;
      if (digest === track.digest) track.pending = null;
    } else if (outcome === 'resend') {
      this.#abandon(collector, track);
    } else {
      this.#drop(collector, track);
      // One that was made before the latest observation says nothing against the rows of now.
      if (!fresh && digest !== track.digest) return;
      track.rejected = track.digest;
      track.pending = null;
    }
  }

  /** What was on its way leads nowhere: only the whole state helps. */
  #abandon(collector: string, track: Track): void {
    // It may have arrived all the same, so its number is taken.
    track.platformSequence = Math.max(track.platformSequence, track.outgoing?.sequence ?? 0);
    this.#drop(collector, track);
    track.needsSnapshot = true;
  }

  #drop(collector: string, track: Track): void {
    if (track.outgoing) this.#parts.spool.discard(collector);
    track.outgoing = null;
  }

  #count(name: keyof SyncCounters): void {
    this.#counters = { ...this.#counters, [name]: this.#counters[name] + 1 };
  }

  /** Null when they cannot be read any more, or are not what was acknowledged. */
  #acknowledgedRows(name: string, track: Track): KeyedRows | null {
    const stored = this.#parts.spool.acknowledgedRows(name);
    const key = track.observation?.fact.key;
    if (!stored || !key) return null;
    const rows = keyRows(stored, key);
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
