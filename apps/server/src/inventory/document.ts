import type { SyncDocument } from '@vedette/protocol';
import type { CollectorRef } from './asset-ref.ts';
import type { ReadRows } from './read-rows.ts';

/** A document of one asset, its rows read already. */
export interface DocumentInput {
  readonly ref: CollectorRef;
  readonly document: SyncDocument;
  readonly read: ReadRows | { readonly reason: string };
  /** As it travelled, compressed. */
  readonly bytes: number;
}

export interface DocumentResult {
  readonly collector: string;
  readonly outcome: 'accepted' | 'duplicate' | 'resend' | 'rejected';
  readonly sequence: number;
  readonly reason?: string;
}
