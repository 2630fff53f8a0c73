import { timingSafeEqual } from 'node:crypto';
import type { PlatformKey } from '../context.ts';

/** What a ticket lets its holder do: enroll the clone of this agent that runs as this incarnation. */
export interface CloneTicket {
  readonly agentId: string;
  readonly incarnation: string;
}

const prefix = 'vdt1';
const validSeconds = 3600;
/** Agent id, incarnation, end in Unix seconds, signature; joined by dots. */
const pattern = /^vdt1\.([0-9a-f-]{36})\.([A-Za-z0-9_-]{22})\.(\d{1,12})\.([A-Za-z0-9_-]{86})$/;

/** Takes the place of an activation key for a machine that has none: signed, so that nothing has to be kept until it comes back. */
export function makeCloneTicket(key: PlatformKey, { agentId, incarnation }: CloneTicket, nowSeconds: number): string {
  const text = [prefix, agentId, incarnation, nowSeconds + validSeconds].join('.');
  return `${text}.${key.sign(text).toString('base64url')}`;
}

/** Null for text that is no ticket of ours, or one whose time is over. */
export function readCloneTicket(key: PlatformKey, text: string, nowSeconds: number): CloneTicket | null {
  const [, agentId = '', incarnation = '', expires = '', signature = ''] = pattern.exec(text) ?? [];
  if (agentId === '' || Number(expires) < nowSeconds) return null;
  // Ed25519 is deterministic (RFC 8032): our own signature again is the same bytes.
  const own = key.sign(text.slice(0, text.lastIndexOf('.')));
  const theirs = Buffer.from(signature, 'base64url');
  return own.length === theirs.length && timingSafeEqual(own, theirs) ? { agentId, incarnation } : null;
}
