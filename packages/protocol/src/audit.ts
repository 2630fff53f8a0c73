import { z } from 'zod';
import type { Sha256 } from './agent/digest.ts';
import { Instant, OrganizationId, UserId } from './ids.ts';

/** done: it was. refused: the caller may not. failed: something went wrong on the way, and some of it may be done. */
export const AuditOutcome = z.enum(['done', 'refused', 'failed']);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

/** One thing that somebody changed, or tried to. */
export const AuditEvent = z.object({
  organizationId: OrganizationId,
  /** From 1, without gaps; another one shows that somebody wrote to the table by hand. */
  number: z.int(),
  at: Instant,
  /** Name of the endpoint, or of what the platform did by itself. */
  action: z.string(),
  outcome: AuditOutcome,
  actor: z.object({
    userId: UserId.nullable(),
    login: z.string(),
    via: z.string().meta({ description: 'session, token and its name, or what else let them in' }),
    address: z.string(),
    userAgent: z.string(),
  }),
  /** What it was done to: the names in the address, such as userId. */
  target: z.record(z.string(), z.string()),
  /** What was asked for, and what was before and after; never a secret. A text in events of before, where all of it was too long. */
  detail: z.record(z.string(), z.unknown()).or(z.string()),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

/** An event with the hash that binds it to all before it, in hex. */
export const ChainedAuditEvent = AuditEvent.extend({ hash: z.string().regex(/^[0-9a-f]{64}$/) });
export type ChainedAuditEvent = z.infer<typeof ChainedAuditEvent>;

/** What the first event is chained to. */
export const auditGenesis = '0'.repeat(64);

/** JSON with sorted names and without spaces (as RFC 8785 for what we write: texts, whole numbers, lists and objects). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`).join(',')}}`;
}

/** The hash of an event, in hex: SHA-256 of the hash before it, a line feed, and the event as canonical JSON. */
export function auditHash(before: string, body: string, sha256: Sha256): string {
  return Array.from(sha256(`${before}\n${body}`), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Where a chain ends: what has to be kept elsewhere, so that nobody can cut it off or write it anew. */
export const AuditHead = z.object({ number: z.int().min(0), hash: z.string().regex(/^[0-9a-f]{64}$/) });
export type AuditHead = z.infer<typeof AuditHead>;

/** What is wrong with a chain, at which number. */
export const AuditFault = z.object({
  number: z.int(),
  fault: z.enum(['edited', 'missing', 'moved', 'cut-off']),
  detail: z.string(),
});
export type AuditFault = z.infer<typeof AuditFault>;

/**
 * Follows a chain from its first event, and stops at the first fault: what is behind one cannot be judged. `kept`: a head noted earlier,
 * which has to be on the chain.
 */
export class AuditChain {
  readonly #sha256: Sha256;
  readonly #kept: AuditHead | null;
  #head: AuditHead = { number: 0, hash: auditGenesis };
  #fault: AuditFault | null = null;

  constructor(sha256: Sha256, kept: AuditHead | null = null) {
    this.#sha256 = sha256;
    this.#kept = kept;
  }

  /** The last event that was found right. */
  get head(): AuditHead {
    return this.#head;
  }

  /** Takes the next event; null while all is well. */
  take({ hash, ...event }: ChainedAuditEvent): AuditFault | null {
    this.#fault ??= this.#faultOf(event, hash);
    if (!this.#fault) this.#head = { number: event.number, hash };
    return this.#fault;
  }

  /** After the last one. */
  end(): AuditFault | null {
    const kept = this.#kept;
    if (this.#fault || !kept || kept.number <= this.#head.number) return this.#fault;
    const detail = `event ${kept.number} was there when its hash was noted; the log ends at ${this.#head.number}`;
    return { number: this.#head.number + 1, fault: 'cut-off', detail };
  }

  #faultOf(event: AuditEvent, hash: string): AuditFault | null {
    const expected = this.#head.number + 1;
    const { number } = event;
    if (number > expected)
      return { number: expected, fault: 'missing', detail: `event ${expected} is not there; the next one is ${number}` };
    if (number < expected) return { number, fault: 'moved', detail: `event ${number} stands where event ${expected} belongs` };
    if (auditHash(this.#head.hash, canonicalJson(event), this.#sha256) !== hash) {
      return { number, fault: 'edited', detail: `event ${number} is not what its hash says, or what is before it is not` };
    }
    if (this.#kept?.number === number && this.#kept.hash !== hash) {
      return {
        number,
        fault: 'edited',
        detail: `event ${number} has another hash than the one that was noted: the log was written anew`,
      };
    }
    return null;
  }
}
