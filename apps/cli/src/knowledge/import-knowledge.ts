import { createHash, type Hash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FeedError, feeds, shrinkageProblem, type Feed, type FeedFile } from '@vedette/feeds';
import type { RecordOrigin } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { feedFiles, plainFiles, type FoundFile } from './feed-files.ts';
import { KnowledgeWriter } from './knowledge-writer.ts';
import { readPrevious, type PreviousKnowledge } from './previous-knowledge.ts';

export interface ImportOptions {
  readonly inputs: readonly string[];
  readonly out: string;
  readonly now: Date;
  readonly note: (message: string) => void;
  /** Names of feeds that may have lost more records than feeds do. */
  readonly accept?: ReadonlySet<string>;
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

/** Files are read in batches of this size, so that memory holds no whole feed. */
const batchBytes = 4 * 1024 * 1024;
const batchFiles = 250;
/** Files beyond this are read in parts, where their feed can do that. */
const partedBytes = 16 * 1024 * 1024;
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
    const paths = options.inputs.flatMap((input) => [...plainFiles(input)]);
    const pathsOfFacts = new Map(feeds.filter(({ factsOnly }) => factsOnly).map((feed) => [feed, new Set<string>()]));
    await readPass(options, writer, runs, {
      paths,
      wanted(feed, path) {
        pathsOfFacts.get(feed)?.add(path);
        return !pathsOfFacts.has(feed);
      },
    });
    // Facts about what no advisory names would only fill the file.
    const cves = writer.names();
    // In the order of the feeds, whose later word wins; and only what holds some, as unpacking takes longer than reading.
    for (const [fact, holding] of pathsOfFacts) {
      await readPass(options, writer, runs, { paths: holding, wanted: (feed) => feed === fact, cves });
    }
    if (runs.size === 0 && !previous) throw new CliError('FAILURE', `no file of a known feed in ${options.inputs.join(', ')}`);
    const reports = feeds.flatMap((feed) => finishFeed(feed, runs.get(feed.name), { writer, previous, accept: options.accept }));
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
  /** Of all files of the batch. */
  container = '';
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
    this.container = file.container;
    this.batch.push({ name: file.name, path: file.path, bytes: file.bytes });
    this.bytes += file.bytes.length;
    this.files += 1;
  }

  get isFull(): boolean {
    return this.bytes >= batchBytes || this.batch.length >= batchFiles;
  }
}

interface Pass {
  readonly paths: Iterable<string>;
  /** Whether it reads this feed's files of the path. */
  readonly wanted: (feed: Feed, path: string) => boolean;
  /** Keeps only facts about these. */
  readonly cves?: ReadonlySet<string>;
}

async function readPass(
  { out, note }: ImportOptions,
  writer: KnowledgeWriter,
  runs: Map<string, FeedRun>,
  { paths, wanted, cves }: Pass,
): Promise<void> {
  let notedAt = performance.now();
  const flush = async (run: FeedRun): Promise<void> => {
    writeBatch(run, writer, cves);
    // Streams let go of their memory only when the event loop gets a turn.
    await nextTurn();
    if (performance.now() - notedAt < progressMs) return;
    notedAt = performance.now();
    note(`${run.feed.name}: ${run.files} files, ${run.records} records`);
  };
  const touched = new Set<FeedRun>();
  for await (const file of feedFiles(paths, { wanted, scratch: `${out}.unpacked`, note })) {
    const run = runs.get(file.feed.name) ?? new FeedRun(file.feed);
    runs.set(file.feed.name, run);
    touched.add(run);
    if (run.container !== file.container) await flush(run);
    run.take(file);
    if (run.isFull) await flush(run);
  }
  for (const run of touched) await flush(run);
}

/** Parses what came since and keeps it. */
function writeBatch(run: FeedRun, writer: KnowledgeWriter, cves: ReadonlySet<string> | undefined): void {
  const { batch } = run;
  run.batch = [];
  run.bytes = 0;
  if (batch.length === 0) return;
  writeFiles(run, batch, { writer, cves });
  // At once: until the garbage collector comes by, hundreds of megabytes would pile up.
  for (const { bytes } of batch) {
    const { buffer } = bytes;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
  }
}

interface Writing {
  readonly writer: KnowledgeWriter;
  readonly cves: ReadonlySet<string> | undefined;
}

function writeFiles(run: FeedRun, files: readonly FeedFile[], writing: Writing): void {
  const { writer, cves } = writing;
  try {
    const isLarge = files.reduce((sum, { bytes }) => sum + bytes.length, 0) > partedBytes;
    const of = isLarge ? (run.feed.parts ?? 1) : 1;
    for (let index = 0; index < of; index += 1) {
      const facts = run.feed.parse(files, { minimumRecords: 0, part: { index, of }, ...(cves ? { cves } : {}) });
      run.records += facts.records;
      run.problems += facts.problems.length;
      writer.add(facts.advisories, [], run.container);
      for (let at = 0; at < facts.vulnerabilities.length; at += factsAtOnce)
        writer.add([], facts.vulnerabilities.slice(at, at + factsAtOnce));
    }
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    if (files.length === 1) {
      run.problems += 1;
      run.firstError ??= error.message;
      return;
    }
    // One bad file must not take the good ones of its batch along.
    const middle = Math.ceil(files.length / 2);
    for (const half of [files.slice(0, middle), files.slice(middle)]) writeFiles(run, half, writing);
  }
}

interface Finishing {
  readonly writer: KnowledgeWriter;
  readonly previous: PreviousKnowledge | null;
  readonly accept: ReadonlySet<string> | undefined;
}

function finishFeed(feed: Feed, run: FeedRun | undefined, { writer, previous, accept }: Finishing): FeedReport[] {
  const before = previous?.feeds.get(feed.name);
  const shrunk = before && run && !accept?.has(feed.name) ? shrinkageProblem(before.records ?? 0, run.records) : null;
  if (before && previous && (!run || run.records === 0 || shrunk)) {
    // What was there stays, with the reason why nothing newer is.
    const advice = `If it really is smaller now, import it with "--accept ${feed.name}".`;
    const problem = run ? (shrunk ? `${shrunk} ${advice}` : run.firstError) : before.problem;
    writer.removeFeed(feed.name);
    for (const { advisories, location } of previous.advisoriesOf(feed.name)) writer.add(advisories, [], location);
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
