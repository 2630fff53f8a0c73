import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface AdmissionLimits {
  readonly downloadsPerSecond: number;
  /** Downloads under way at one moment. */
  readonly downloadsAtOnce: number;
  readonly bytesPerSecond: number;
}

export interface Wish {
  /** Of whoever asks. */
  readonly address: string;
  /** What an earlier answer gave; null for none. */
  readonly ticket: string | null;
  /** That will be sent. */
  readonly bytes: number;
  /** Where this part of a file begins and the next one will: null for what has no such parts. */
  readonly part?: Part;
}

export interface Part {
  readonly path: string;
  readonly first: number;
  /** Of the next part; null when this is the last. */
  readonly next: number | null;
}

export type Verdict =
  /** `leave` is to be called once, when the last byte was sent or the connection broke. */
  | { readonly isAdmitted: true; readonly leave: () => void }
  /** `ticket`: null when the queue is too long to promise a moment. */
  | { readonly isAdmitted: false; readonly retryAfterSeconds: number; readonly ticket: string | null };

/** A moment that was promised. */
interface Slot {
  readonly id: string;
  readonly address: string;
  /** Milliseconds since 1970: the moment, and until when whoever comes late is let in. */
  readonly at: number;
  readonly until: number;
  readonly bytes: number;
  isUsed: boolean;
}

export interface AdmissionOptions {
  readonly limits: AdmissionLimits;
  /** The same in every process of a platform, so that each takes the tickets of all. */
  readonly key: Buffer;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/** Whoever asks within so short a time after a quiet one is let in at once. */
const burstMs = 1000;
/** No moment further away is promised. */
const horizonMs = 3600_000;
/** Clients count in whole seconds. */
const earlyMs = 1000;
const leastLateMs = 60_000;
const busyMs = 1000;
const sweepMs = 10_000;
/** Who fetches a large file in parts is let in once for all of them, if it does not pause for longer. */
const pauseMs = 60_000;
/** One address may be a whole site behind one proxy, or somebody who wants to keep everybody else out. */
const addressShareSeconds = 60;
const leastAddressShare = 16;

/**
 * Lets downloads in at a rate that the platform bears, first come, first served (a leaky bucket as a queue: ITU-T I.371's virtual scheduling).
 * Who has to wait is told until when and gets a ticket for that moment; the wait is over then, however many came later. Tickets cannot be
 * forged, and let in once. Who brings none, because it knows of none, is let in when a moment promised to its address has come.
 */
export class TargetAdmission {
  readonly #limits: AdmissionLimits;
  readonly #key: Buffer;
  readonly #now: () => number;
  readonly #random: () => number;
  /** When the next one may come. */
  #next = 0;
  #active = 0;
  readonly #slots = new Map<string, Slot>();
  readonly #byAddress = new Map<string, Slot[]>();
  /** Parts that may follow, by who, which and from where: until when, and of how many downloads behind one address. */
  readonly #following = new Map<string, { until: number; count: number }>();
  #nextSweep = 0;

  constructor({ limits, key, now = Date.now, random = Math.random }: AdmissionOptions) {
    this.#limits = limits;
    this.#key = key;
    this.#now = now;
    this.#random = random;
  }

  get active(): number {
    return this.#active;
  }

  /** How long somebody who comes now would wait. */
  get queueSeconds(): number {
    return Math.max(0, this.#next - this.#now()) / 1000;
  }

  enter(wish: Wish): Verdict {
    const now = this.#now();
    this.#sweep(now);
    if (this.#follows(wish, now)) {
      this.#next = Math.max(this.#next, now - burstMs) + this.#cost(wish.bytes);
      return this.#admit(wish);
    }
    const brought = wish.ticket === null ? null : this.#read(wish.ticket, wish.address);
    const isOpen = brought !== null && !brought.isUsed && now <= brought.until;
    // Too early: the promise stands, and there is no second one.
    if (isOpen && brought.at > now + earlyMs)
      return { isAdmitted: false, retryAfterSeconds: this.#seconds(brought.at - now), ticket: wish.ticket };
    const slot = isOpen ? brought : this.#dueAt(wish.address, now);
    const isFull = this.#active >= this.#limits.downloadsAtOnce;
    if (slot) {
      // It keeps its ticket: a place is free soon.
      if (isFull) return { isAdmitted: false, retryAfterSeconds: this.#soon(), ticket: this.#sign(slot) };
      slot.isUsed = true;
      // The promise was for so many bytes.
      this.#next += Math.max(0, this.#cost(wish.bytes) - this.#cost(slot.bytes));
      return this.#admit(wish);
    }
    const at = Math.max(this.#next, now - burstMs);
    if (at > now || isFull) return this.#queue(wish, Math.max(at, now + busyMs), now);
    this.#next = at + this.#cost(wish.bytes);
    return this.#admit(wish);
  }

  #admit({ address, part }: Wish): Verdict {
    this.#active += 1;
    let isInside = true;
    return {
      isAdmitted: true,
      leave: () => {
        if (!isInside) return;
        isInside = false;
        this.#active -= 1;
        if (part && part.next !== null) this.#letFollow(followingKey(address, part.path, part.next));
      },
    };
  }

  #letFollow(key: string): void {
    const count = this.#following.get(key)?.count ?? 0;
    this.#following.set(key, { until: this.#now() + pauseMs, count: count + 1 });
  }

  /** Whether this is the next part of what was let in; a part is followed once. */
  #follows({ address, part }: Wish, now: number): boolean {
    const key = part ? followingKey(address, part.path, part.first) : '';
    const found = this.#following.get(key);
    if (!found || found.until < now || this.#active >= this.#limits.downloadsAtOnce) return false;
    found.count -= 1;
    if (found.count === 0) this.#following.delete(key);
    return true;
  }

  #queue({ address, bytes }: Wish, at: number, now: number): Verdict {
    const own = this.#byAddress.get(address) ?? [];
    const share = Math.max(leastAddressShare, this.#limits.downloadsPerSecond * addressShareSeconds);
    if (at - now > horizonMs || own.length >= share) {
      const waitMs = Math.min(at - now, horizonMs);
      return { isAdmitted: false, retryAfterSeconds: this.#seconds(waitMs * (0.5 + this.#random() / 2)), ticket: null };
    }
    const until = at + Math.max(leastLateMs, (at - now) / 2);
    const slot: Slot = { id: randomBytes(9).toString('base64url'), address, at, until, bytes, isUsed: false };
    this.#next = at + this.#cost(bytes);
    this.#slots.set(slot.id, slot);
    own.push(slot);
    this.#byAddress.set(address, own);
    return { isAdmitted: false, retryAfterSeconds: this.#seconds(at - now), ticket: this.#sign(slot) };
  }

  /** A promise to this address whose moment has come. */
  #dueAt(address: string, now: number): Slot | null {
    return this.#byAddress.get(address)?.find((slot) => !slot.isUsed && slot.at <= now && now <= slot.until) ?? null;
  }

  #cost(bytes: number): number {
    return 1000 * Math.max(1 / this.#limits.downloadsPerSecond, bytes / this.#limits.bytesPerSecond);
  }

  #seconds(ms: number): number {
    return Math.max(1, Math.ceil(ms / 1000));
  }

  #soon(): number {
    return 1 + Math.floor(this.#random() * 3);
  }

  #sign({ id, at, until, bytes }: Slot): string {
    const text = `${Math.ceil(at)}.${Math.ceil(until)}.${bytes}.${id}`;
    return `${text}.${this.#mac(text)}`;
  }

  #mac(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest().subarray(0, 16).toString('base64url');
  }

  /** Null for what we did not write. Another process, or this one before it was started again, may have written it. */
  #read(ticket: string, address: string): Slot | null {
    const match = /^(\d{1,15})\.(\d{1,15})\.(\d{1,12})\.([A-Za-z0-9_-]{12})\.([A-Za-z0-9_-]{22})$/.exec(ticket.slice(0, 100));
    if (!match) return null;
    const [, at, until, bytes, id = '', mac = ''] = match;
    const due = this.#mac(ticket.slice(0, ticket.lastIndexOf('.')));
    if (!timingSafeEqual(Buffer.from(mac), Buffer.from(due))) return null;
    const known = this.#slots.get(id);
    if (known) return known;
    const slot: Slot = { id, address, at: Number(at), until: Number(until), bytes: Number(bytes), isUsed: false };
    if (slot.until >= this.#now()) this.#slots.set(id, slot);
    return slot;
  }

  #sweep(now: number): void {
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + sweepMs;
    for (const [id, slot] of this.#slots) if (slot.until < now) this.#slots.delete(id);
    for (const [part, { until }] of this.#following) if (until < now) this.#following.delete(part);
    for (const [address, slots] of this.#byAddress) {
      const open = slots.filter((slot) => !slot.isUsed && slot.until >= now);
      if (open.length > 0) this.#byAddress.set(address, open);
      else this.#byAddress.delete(address);
    }
  }
}

function followingKey(address: string, path: string, first: number): string {
  return `${address} ${path} ${first}`;
}
