import { createHash } from 'node:crypto';
import type { Ring } from '@vedette/protocol';

/**
 * The first ring that an asset belongs to: by one of its tags, or because its place among all assets lies within the ring's share. The
 * place is a hash of the asset's id, so that it is the same in every roll-out and on every server. Null: in none.
 */
export function ringOf(rings: readonly Ring[], assetId: string, tags: readonly string[]): number | null {
  const place = placeOf(assetId);
  const index = rings.findIndex((ring) => place < ring.percent || ring.tags.some((tag) => tags.includes(tag)));
  return index < 0 ? null : index;
}

/** Between 0 and 100, evenly spread. */
export function placeOf(assetId: string): number {
  return (createHash('sha256').update(assetId).digest().readUInt32BE(0) / 2 ** 32) * 100;
}
