import type { z } from 'zod';
import type { FeedFile } from '../feed.ts';
import type { FeedRun } from './feed-run.ts';
import { notThisFeed } from './feed-text.ts';

/** What was read, as the schema has it. Throws SCHEMA, with the first field that is not. */
export function checked<T>(file: FeedFile, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notThisFeed(file, `field ${badField(parsed.error)}`, parsed.error);
}

interface Form<T> {
  /** Throws FeedError. */
  readonly read: (file: FeedFile, maxBytes: number) => unknown;
  readonly schema: z.ZodType<T>;
  /** Whose schema it is; for the message. */
  readonly as: string;
}

/** A file that is one record. Null for one that is none, which is a bad file of the run. */
export function readWhole<T>(file: FeedFile, run: FeedRun, { read, schema, as }: Form<T>): T | null {
  const parsed = run.whole(file, () => schema.safeParse(read(file, run.maxBytes)));
  if (parsed?.success === false) run.badFile(file, `field ${badField(parsed.error)} is not as ${as} has it`);
  return parsed?.data ?? null;
}

/** The first that is not as the schema has it. */
export function badField(error: z.ZodError): string {
  return error.issues[0]?.path.join('.') ?? '';
}
