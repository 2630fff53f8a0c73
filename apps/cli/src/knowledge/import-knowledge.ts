import { createHash, type Hash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { FeedError, feeds, shrinkageProblem, type Feed, type FeedFile } from '@vedette/feeds';
import type { RecordOrigin } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { feedFiles, type FoundFile } from './feed-files.ts';
import { KnowledgeWriter } from './knowledge-writer.ts';
import { readPrevious, type PreviousKnowledge } from './previous-knowledge.ts';

export interface ImportOptions {
  readonly inputs: readonly string[];
  readonly out: string;
  readonly now: Date;
  readonly note: (message: string) => void;
}

export interface ImportReport {
  readonly file: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly feeds: readonly FeedReport[];
}

export interface FeedReport {
  readonly feed: string;
  readonly files: number;
  readonly records: number;
  /** Records or files that were not understood. */
  readonly problems: number;
  /** Why it was not taken over, or is not complete; null when all is well. */
  readonly problem: string | null;
}

/** Feeds of facts about vulnerabilities: read last, and only what is said of those that advisories name. */
const factFeeds: ReadonlySet<string> = new Set(['cve-5', 'nvd', 'epss', 'cisa-kev']);
/** Files are read in batches of this size, so that memory holds no whole feed. */
const batchBytes = 8 * 1024 * 1024;
const batchFiles = 500;
/** Facts are written for this many vulnerabilities at once. */
const factsAtOnce = 5000;
/** As many odd files or records, or this share of them, real feeds have. */
const toleratedProblems = 3;
const toleratedShare = 0.01;
/** Silence is never longer, while there is something to tell. */
const progressMs = 2000;

/**
 * Builds a knowledge base out of everything in the inputs that belongs to a feed, beside `out`, and puts it in its place at the end. Feeds
 * of the file that was there before stay where the inputs bring nothing usable of them, or suspiciously little: a broken feed never
 * takes knowledge away. Throws CliError NOT_FOUND or FAILURE when there is nothing to build it of.
 */
export async function importKnowledge(options: ImportOptions): Promise<ImportReport> {
  const startedAt = performance.now();
  const { out, now } = options;
  mkdirSync(dirname(out), { recursive: true });
  const previous = existsSync(out) ? readPrevious(out) : null;
  const writer = new KnowledgeWriter(`${out}.new`);
  try {
    // First, so that every newer word on a vulnerability goes before it.
    for (const facts of previous?.facts() ?? []) writer.add([], facts);
    const runs = new Map<string, FeedRun>();
    await readPass(options, writer, runs, (feed) => !factFeeds.has(feed.name));
    await readPass(options, writer, runs, (feed) => factFeeds.has(feed.name));
    if (runs.size === 0 && !previous) throw new CliError('FAILURE', `no file of a known feed in ${options.inputs.join(', ')}`);
    const reports = feeds.flatMap((feed) => finishFeed(feed, writer, runs.get(feed.name), previous));
    writer.finish(now.toISOString(), previous?.registered);
    renameSync(`${out}.new`, out);
    const seconds = (performance.now() - startedAt) / 1000;
    return { file: out, bytes: statSync(out).size, seconds, feeds: reports };
  } catch (error) {
    writer.abandon();
    rmSync(`${out}.new`, { force: true });
    throw error;
  } finally {
    previous?.close();
  }
}

/** What is known of one feed while its files come. */
class FeedRun {
  readonly feed: Feed;
  readonly origins = new Map<string, { hash: Hash; modifiedAt: string }>();
  batch: FeedFile[] = [];
  bytes = 0;
  files = 0;
  records = 0;
  problems = 0;
  firstError: string | null = null;
  constructor(feed: Feed) {
    this.feed = feed;
  }

  take(file: FoundFile): void {
    const origin = this.origins.get(file.container) ?? { hash: createHash('sha256'), modifiedAt: file.modifiedAt };
    origin.hash.update(file.bytes);
    this.origins.set(file.container, origin);
    this.batch.push({ name: file.name, bytes: file.bytes });
    this.bytes += file.bytes.length;
    this.files += 1;
  }

  get isFull(): boolean {
    return this.bytes >= batchBytes || this.batch.length >= batchFiles;
  }
}

async function readPass(
  { inputs, note }: ImportOptions,
  writer: KnowledgeWriter,
  runs: Map<string, FeedRun>,
  wanted: (feed: Feed) => boolean,
): Promise<void> {
  // Facts about what no advisory names would only fill the file.
  const cves = wanted(feeds.find((feed) => factFeeds.has(feed.name)) as Feed) ? writer.names() : undefined; // the registry holds such feeds
  let notedAt = performance.now();
  const flush = (run: FeedRun): void => {
    writeBatch(run, writer, cves);
    if (performance.now() - notedAt < progressMs) return;
    notedAt = performance.now();
    note(`${run.feed.name}: ${run.files} files, ${run.records} records`);
  };
  const touched = new Set<FeedRun>();
  for await (const file of feedFiles(inputs, wanted, note)) {
    const run = runs.get(file.feed.name) ?? new FeedRun(file.feed);
    runs.set(file.feed.name, run);
    touched.add(run);
    run.take(file);
    if (run.isFull) flush(run);
  }
  for (const run of touched) flush(run);
}

function writeBatch(run: FeedRun, writer: KnowledgeWriter, cves: ReadonlySet<string> | undefined): void {
  const { batch } = run;
  run.batch = [];
  run.bytes = 0;
  if (batch.length === 0) return;
  try {
    const facts = run.feed.parse(batch, { minimumRecords: 0, ...(cves ? { cves } : {}) });
    run.records += facts.records;
    run.problems += facts.problems.length;
    writer.add(facts.advisories, []);
    for (let at = 0; at < facts.vulnerabilities.length; at += factsAtOnce)
      writer.add([], facts.vulnerabilities.slice(at, at + factsAtOnce));
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    if (batch.length === 1) {
      run.problems += 1;
      run.firstError ??= error.message;
      return;
    }
    // One bad file must not take the good ones of its batch along.
    const middle = Math.ceil(batch.length / 2);
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      run.batch = half;
      writeBatch(run, writer, cves);
    }
  }
}

function finishFeed(
  feed: Feed,
  writer: KnowledgeWriter,
  run: FeedRun | undefined,
  previous: PreviousKnowledge | null,
): FeedReport[] {
  const before = previous?.feeds.get(feed.name);
  const shrunk = before && run ? shrinkageProblem(before.records ?? 0, run.records) : null;
  if (before && previous && (!run || run.records === 0 || shrunk)) {
    // What was there stays, with the reason why nothing newer is.
    const problem = run ? (shrunk ?? run.firstError) : before.problem;
    writer.removeFeed(feed.name);
    for (const advisories of previous.advisoriesOf(feed.name)) writer.add(advisories, []);
    writer.feedState(feed.name, { records: before.records ?? 0, origins: before.origins, problem });
    return run ? [reportOf(run, problem)] : [];
  }
  if (!run) return [];
  const problem = problemOf(run);
  writer.feedState(feed.name, { records: run.records, origins: originsOf(run), problem });
  return [reportOf(run, problem)];
}

/** Why the feed is not to be relied on as it came; null when it is. */
function problemOf({ feed, records, problems, firstError }: FeedRun): string | null {
  if (records === 0) return firstError ?? 'no record';
  if (records < feed.minimumRecords) return `${records} records, a complete feed has at least ${feed.minimumRecords}`;
  // Single odd files among many good ones are counted, and no reason to distrust the feed.
  return problems > Math.max(toleratedProblems, records * toleratedShare) ? firstError : null;
}

function reportOf({ feed, files, records, problems }: FeedRun, problem: string | null): FeedReport {
  return { feed: feed.name, files, records, problems, problem };
}

function originsOf(run: FeedRun): RecordOrigin[] {
  return [...run.origins].map(([location, { hash, modifiedAt }]) => ({
    feed: run.feed.name,
    location,
    retrievedAt: modifiedAt,
    sha256: hash.digest('hex'),
  }));
}
