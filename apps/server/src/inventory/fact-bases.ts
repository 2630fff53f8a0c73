import { createHash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type FactRows, readFactText } from './fact-text.ts';

/** A text and what it was packed against; null for nothing. */
export interface Packed {
  readonly base: number | null;
  readonly bytes: Buffer;
}

export interface Base {
  readonly number: number;
  readonly content: Buffer;
  readonly createdAt: Date;
}

/** The bases of one collector, and which of them has rows in common with others. */
interface Family {
  readonly bases: Base[];
  /** Numbers of bases by parts of their sketches. */
  readonly sketches: Map<string, Base>;
}

/** A text that packs to so many bytes against a base is near enough to it, or to such a share of itself. */
const nearBytes = 128;
const nearShare = 1 / 30;
/** Larger ones are packed alone: zstd would search far for little. */
const maxBaseBytes = 256 * 1024;
/** Bases of a collector: as many as a fleet has kinds of machines, and a few each day, because these change. */
const basesAtFirst = 64;
const basesADay = 4;
/** The newest ones are candidates; in memory are also those that were met in packed texts. */
const maxCandidates = 256;
const maxKnown = 10_000;
const sketchSize = 8;
/** What is unpacked is ours; a damaged one must not fill the memory. */
const maxBytes = 256 * 1024 * 1024;
const dayMs = 24 * 3600 * 1000;

/**
 * Packs what machines say of themselves against what a like machine said (zstd with a dictionary, RFC 8878 section 5): of a thousand
 * machines of one image each keeps little more than what is its own. Bases never change and are never deleted.
 */
export class FactBases {
  readonly #db: Kysely<Database>;
  readonly #known = new Map<number, Base>();
  readonly #families = new Map<string, Promise<Family>>();

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Packs the text of these rows. A text unlike all bases becomes one, at once and for good, whatever becomes of the transaction. */
  async pack(collector: string, rows: FactRows, text: string): Promise<Packed> {
    const content = Buffer.from(text);
    const family = await this.#family(collector);
    const sketch = sketchOf(rows);
    const base = nearest(family, sketch);
    const packed = this.packAgainst(base?.number ?? null, text);
    if (rows.size === 0) return packed;
    const isNear = base !== undefined && packed.bytes.length <= Math.max(nearBytes, content.length * nearShare);
    if (isNear || content.length > maxBaseBytes || !hasRoom(family)) return packed;
    const fresh = await this.#enter(collector, content);
    if (!family.bases.includes(fresh)) remember(family, fresh, sketch);
    return this.packAgainst(fresh.number, text);
  }

  /** Packs a text against a base that is known here. */
  packAgainst(base: number | null, text: string): Packed {
    const dictionary = base === null ? undefined : this.#known.get(base)?.content;
    return { base: dictionary ? base : null, bytes: compress(text, dictionary) };
  }

  /** The bases of these numbers, for `unpack`. */
  async load(numbers: Iterable<number | null>): Promise<ReadonlyMap<number, Base>> {
    if (this.#known.size > maxKnown) {
      this.#known.clear();
      this.#families.clear();
    }
    const bases = new Map<number, Base>();
    const missing: number[] = [];
    for (const number of new Set(numbers)) {
      const known = number === null ? undefined : this.#known.get(number);
      if (known) bases.set(known.number, known);
      else if (number !== null) missing.push(number);
    }
    if (missing.length === 0) return bases;
    const rows = await this.#db
      .selectFrom('factBase')
      .select(['number', 'content', 'createdAt'])
      .where('number', '=', sql<number>`any(${missing}::integer[])`)
      .execute();
    for (const row of rows) bases.set(row.number, this.#know(row));
    return bases;
  }

  #family(collector: string): Promise<Family> {
    const known = this.#families.get(collector);
    if (known) return known;
    const family = this.#load(collector);
    this.#families.set(collector, family);
    family.catch(() => this.#families.delete(collector));
    return family;
  }

  async #load(collector: string): Promise<Family> {
    const rows = await this.#db
      .selectFrom('factBase')
      .select(['number', 'content', 'createdAt'])
      .where('collector', '=', collector)
      .orderBy('number', 'desc')
      .limit(maxCandidates)
      .execute();
    const family: Family = { bases: [], sketches: new Map() };
    for (const row of rows.toReversed()) {
      const base = this.#know(row);
      remember(family, base, sketchOf(readFactText(base.content.toString(), collector)));
    }
    return family;
  }

  async #enter(collector: string, content: Buffer): Promise<Base> {
    const hash = createHash('sha256').update(`${collector}\n`).update(content).digest();
    const values = { collector, hash, content: compress(content), createdAt: new Date() };
    await this.#db
      .insertInto('factBase')
      .values(values)
      .onConflict((conflict) => conflict.column('hash').doNothing())
      .execute();
    const row = await this.#db
      .selectFrom('factBase')
      .select(['number', 'content', 'createdAt'])
      .where('hash', '=', hash)
      .executeTakeFirstOrThrow();
    return this.#know(row);
  }

  #know(row: Base): Base {
    const known = this.#known.get(row.number);
    if (known) return known;
    const base = { ...row, content: zstdDecompressSync(row.content, { maxOutputLength: maxBytes }) };
    this.#known.set(row.number, base);
    return base;
  }
}

/** The text again. Throws Error for one whose base is not there, or that is damaged. */
export function unpack({ base, bytes }: Packed, bases: ReadonlyMap<number, Base>): string {
  const dictionary = base === null ? undefined : bases.get(base)?.content;
  if (base !== null && !dictionary) throw new Error(`the base ${base} of packed facts is not there`);
  return zstdDecompressSync(bytes, { ...(dictionary ? { dictionary } : {}), maxOutputLength: maxBytes }).toString();
}

function compress(text: string | Buffer, dictionary?: Buffer): Buffer {
  const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 };
  return zstdCompressSync(text, { params, ...(dictionary ? { dictionary } : {}) });
}

/** The smallest of all rows' hashes by each of several functions (MinHash): the parts of one hash serve as such. */
function sketchOf(rows: FactRows): string[] {
  const least = Array.from({ length: sketchSize }, () => 2 ** 32);
  for (const { hash } of rows.values())
    for (let part = 0; part < sketchSize; part += 1) least[part] = Math.min(least[part] ?? 0, hash.readUInt32BE(part * 4));
  return rows.size === 0 ? [] : least.map((value, part) => `${part} ${value}`);
}

/** The base that has most in common with what this is a sketch of; any at all shares at least the words. */
function nearest({ bases, sketches }: Family, sketch: readonly string[]): Base | undefined {
  const votes = new Map<Base, number>();
  for (const part of sketch) {
    const base = sketches.get(part);
    if (base) votes.set(base, (votes.get(base) ?? 0) + 1);
  }
  let best = bases[0];
  for (const [base, count] of votes) if (best === undefined || count > (votes.get(best) ?? 0)) best = base;
  return best;
}

function remember({ bases, sketches }: Family, base: Base, sketch: readonly string[]): void {
  bases.push(base);
  if (bases.length > maxCandidates) bases.shift();
  // The first one stays: the fewer bases are in use, the more is shared.
  for (const part of sketch) if (!sketches.has(part)) sketches.set(part, base);
}

function hasRoom({ bases }: Family): boolean {
  if (bases.length < basesAtFirst) return true;
  const ofToday = bases.filter(({ createdAt }) => Date.now() - createdAt.getTime() < dayMs);
  return ofToday.length < basesADay;
}
