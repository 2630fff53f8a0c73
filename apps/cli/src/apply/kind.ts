import { parseAssetScope, parseQuery, pointAt, type Query, QueryError, type EntityName } from '@vedette/query';
import { z } from 'zod';
import type { Client } from '../api/connect.ts';

export type Spec = Readonly<Record<string, unknown>>;

/** A kind of thing that can be kept as a file. */
export interface Kind {
  readonly kind: string;
  /** Of its name; a kind of which there is only one has a fixed name. */
  readonly name: z.ZodType<string>;
  /** What a document may say; unknown fields are refused, missing ones get their defaults. */
  readonly spec: z.ZodType<Spec>;
  /** What the platform holds now, by name, with every field of `spec`. */
  list(client: Client): Promise<ReadonlyMap<string, Spec>>;
  save(client: Client, name: string, spec: Spec): Promise<void>;
  /** Missing where there is always exactly one. */
  delete?(client: Client, name: string): Promise<void>;
  /** What keeps the platform from taking each away, in its words, by name. */
  uses?(client: Client): Promise<ReadonlyMap<string, readonly string[]>>;
  /** How many the platform takes. */
  readonly cap?: Cap;
  /** What the platform calls one among what uses a tag. */
  calls?(name: string): string;
  /** Which tags it speaks of. */
  tags?(spec: Spec): TagsOf;
  /** Which roles it names. */
  roles?(spec: Spec): readonly string[];
}

export interface Cap {
  readonly most: number;
  /** Ends the sentence "there may be at most so many". */
  readonly of: string;
  /** Names of all that count; those of the kind where it is missing. */
  counted?(client: Client): Promise<readonly string[]>;
}

export interface TagsOf {
  /** By their whole names. */
  readonly named: readonly string[];
  /** Of these, those that it asks for, also by a part of their names. */
  readonly askedFor: (names: Iterable<string>) => readonly string[];
}

/** A query that cannot be understood is a fault of the file, found before anything is sent. */
export function understood<Parsed>(context: z.RefinementCtx, text: string, parse: () => Parsed): void {
  try {
    if (parse() === null) context.addIssue({ code: 'custom', message: 'is empty; leave it out' });
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    context.addIssue({ code: 'custom', message: `cannot be understood\n${pointAt(text, error)}` });
  }
}

/** Which assets something is for. A text of several lines ends with one, which is no difference to what the platform keeps. */
export const AssetQuery = z
  .string()
  .trim()
  .max(4096)
  .superRefine((text, context) => understood(context, text, () => parseAssetScope(text, Date.now())))
  .nullable()
  .default(null);

export function parsedQuery(text: string, about: EntityName): Query | true {
  return parseQuery(text, about, Date.now()).query ?? true; // "asOf:2026" alone asks for something, too
}

/** The query of a spec that AssetQuery has read, or that the platform keeps. */
export function assetQueryOf(query: unknown): Query | null {
  return typeof query === 'string' ? parseAssetScope(query, Date.now()) : null;
}
