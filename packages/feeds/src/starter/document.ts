import { z } from 'zod';

const MiB = 1024 * 1024;

/** Ceilings of a starter document; the real one is about a tenth of them. */
export const starterLimits = {
  /** Characters of the document after decompression. */
  textChars: 64 * MiB,
  /** Entries of any one column or table. */
  entries: 2_000_000,
  /** Entries of one advisory or vulnerability. */
  perRecord: 20_000,
  origins: 1000,
} as const;

const text = z.string().max(512);
const number = z.number().min(-2_000_000_000).max(2_000_000_000);
const integers = z.array(z.int().min(-2_000_000_000).max(2_000_000_000)).max(starterLimits.entries);
const integerLists = z
  .array(z.array(z.int().min(-2_000_000_000).max(2_000_000_000)).max(starterLimits.perRecord))
  .max(starterLimits.entries);
const nullableIntegers = z.array(z.int().min(-1_000_000).max(10_000_000).nullable()).max(starterLimits.entries);
const texts = z.array(text).max(starterLimits.entries);
const nullableTexts = z.array(text.nullable()).max(starterLimits.entries);

export const StarterOrigin = z.object({
  feed: text,
  location: text,
  retrievedAt: text,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  licence: text,
});
/** Where the facts of a starter come from, and on what terms. */
export type StarterOrigin = z.infer<typeof StarterOrigin>;

/**
 * The starter knowledge base: columns instead of records, tables instead of repeated text, days as days since 1970-01-01.
 * An `Index` points into a table; lists of CVE indexes are written as differences, each to the one before (the first to 0).
 */
export const StarterDocument = z.strictObject({
  format: z.literal('vedette-starter/1'),
  /** RFC 3339. */
  madeAt: text,
  origins: z.array(StarterOrigin).max(starterLimits.origins),
  tables: z.strictObject({
    feeds: texts,
    releases: texts,
    packages: texts,
    sources: texts,
    cwe: texts,
    days: texts,
    /** version, vector, score */
    cvss: z.array(z.tuple([z.enum(['2.0', '3.0', '3.1', '4.0']), text, number])).max(starterLimits.entries),
    /** Names of all CVEs in order: the year, then differences between the numbers of that year. */
    cves: z.array(z.tuple([z.int().min(1999).max(2099), integers])).max(200),
  }),
  advisories: z.strictObject({
    id: texts,
    feed: integers,
    published: nullableIntegers,
    cves: integerLists,
    /** How many statements of the columns below belong to it. */
    statements: integers,
  }),
  statements: z.strictObject({
    release: integers,
    package: integers,
    /** 0 fixed, 1 affected, 2 not-affected */
    status: integers,
    introduced: nullableTexts,
    fixed: nullableTexts,
  }),
  vulnerabilities: z.strictObject({
    /** Differences of CVE indexes, as above. */
    cve: integers,
    published: nullableIntegers,
    /** Pairs: index of a score, index of who gave it. */
    cvss: integerLists,
    cwe: integerLists,
    kevSince: nullableIntegers,
    /** Index of the day in tables.days; null for a vulnerability without EPSS. */
    epssDay: nullableIntegers,
    epssScore: z.array(number.nullable()).max(starterLimits.entries),
    epssPercentile: z.array(number.nullable()).max(starterLimits.entries),
  }),
});
export type StarterDocument = z.infer<typeof StarterDocument>;

/** Order of the statuses is part of the format. */
export const statuses = ['fixed', 'affected', 'not-affected'] as const;
