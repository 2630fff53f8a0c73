import { createHash } from 'node:crypto';
import { canonicalText } from '@vedette/matching';
import type { Advisory } from '@vedette/protocol';

/** SHA-256 of the record's canonical text (RFC 8785), so that its name does not depend on how a store writes it. */
export function recordHash(advisory: Advisory): string {
  return createHash('sha256').update(canonicalText(advisory)).digest('hex');
}
