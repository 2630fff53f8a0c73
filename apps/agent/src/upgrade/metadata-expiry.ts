import { join } from 'node:path';
import type { Disk } from './disk.ts';

export interface MetadataExpiry {
  readonly role: string;
  /** RFC 3339, UTC. */
  readonly expiresAt: string;
  /** Negative once it has expired. */
  readonly days: number;
  readonly level: 'ok' | 'notice' | 'expired';
}

/** How many days ahead people are told. */
export const noticeDays = [30, 14, 7] as const;
/** Signed by the platform by itself, every few hours or days: they are news once they have expired. */
const onlineRoles = new Set(['timestamp', 'snapshot']);
const dayMs = 24 * 3600 * 1000;
const maxFileBytes = 8 * 1024 * 1024;

/** When the trusted metadata expires, earliest first; it was checked before it came to be there. */
export function metadataExpiries(disk: Disk, directory: string, now: number): MetadataExpiry[] {
  const names = disk.list(join(directory, 'tuf')).filter((name) => name.endsWith('.json'));
  const found = names.flatMap((name) => {
    try {
      const text = disk.read(join(directory, 'tuf', name), maxFileBytes)?.toString('utf8') ?? '';
      const { signed } = JSON.parse(text) as { signed: { expires: string } }; // likewise
      const at = Date.parse(signed.expires);
      return Number.isNaN(at) ? [] : [describe(name.slice(0, -'.json'.length), at, now)];
    } catch {
      return [];
    }
  });
  return found.toSorted((a, b) => Date.parse(a.expiresAt) - Date.parse(b.expiresAt));
}

function describe(role: string, at: number, now: number): MetadataExpiry {
  const days = Math.floor((at - now) / dayMs);
  const isSoon = !onlineRoles.has(role) && days < noticeDays[0];
  return { role, expiresAt: new Date(at).toISOString(), days, level: at <= now ? 'expired' : isSoon ? 'notice' : 'ok' };
}

/** The last threshold that was passed: each is told once. */
export function noticeOf({ level, days }: MetadataExpiry): string | null {
  if (level === 'ok') return null;
  return level === 'expired' ? 'expired' : `${noticeDays.findLast((limit) => days < limit) ?? noticeDays[0]} days`;
}
