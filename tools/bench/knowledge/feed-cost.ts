import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { argv } from 'node:process';
import { gunzipSync } from 'node:zlib';
import { type Feed, FeedError, type FeedFacts, type FeedFile, feeds, matchesSource } from '@vedette/feeds';

/** What reading all files of one feed costs; a process of its own prints it as JSON, so that the peak of memory is this feed's. */
export interface FeedCost {
  readonly feed: string;
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
  readonly advisories: number;
  readonly statements: number;
  readonly vulnerabilities: number;
  readonly problems: number;
  readonly ms: number;
  readonly peakRssMb: number;
}

/** Batches as an import makes them, so that memory holds no whole feed. */
const batchBytes = 4 * 1024 * 1024;
const batchFiles = 250;

function measure(name: string, folder: string): FeedCost {
  const feed = feeds.find((one) => one.name === name);
  if (!feed) throw new Error(`no feed ${name}`);
  const start = performance.now();
  const sum = { files: 0, bytes: 0, records: 0, advisories: 0, statements: 0, vulnerabilities: 0, problems: 0 };
  for (const batch of batchesIn(folder, (file) => feed.files.some((source) => matchesSource(source, file)))) {
    sum.files += batch.length;
    sum.bytes += batch.reduce((bytes, file) => bytes + file.bytes.length, 0);
    for (const facts of parse(feed, batch)) {
      sum.records += facts?.records ?? 0;
      sum.advisories += facts?.advisories.length ?? 0;
      sum.statements += facts?.advisories.reduce((count, advisory) => count + advisory.affected.length, 0) ?? 0;
      sum.vulnerabilities += facts?.vulnerabilities.length ?? 0;
      sum.problems += facts?.problems.length ?? 1;
    }
  }
  const ms = performance.now() - start;
  return { feed: name, ...sum, ms: Math.round(ms), peakRssMb: peakRssMb() };
}

/** As an import does: a bad file does not take the good ones of its batch along. Null for such a one. */
function* parse(feed: Feed, batch: readonly FeedFile[]): Generator<FeedFacts | null> {
  try {
    yield feed.parse(batch, { minimumRecords: 0 });
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    const middle = Math.ceil(batch.length / 2);
    if (batch.length === 1) yield null;
    else for (const half of [batch.slice(0, middle), batch.slice(middle)]) yield* parse(feed, half);
  }
}

/** Of this program alone: what getrusage(2) says includes the peak of the process that started it. */
function peakRssMb(): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

function* batchesIn(folder: string, wanted: (name: string) => boolean): Generator<FeedFile[]> {
  let batch: FeedFile[] = [];
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !wanted(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    const file = { name: entry.name, path: relative(folder, path), bytes: path.endsWith('.gz') ? gunzipSync(content) : content };
    batch.push(file);
    bytes += file.bytes.length;
    if (bytes < batchBytes && batch.length < batchFiles) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

if (import.meta.main) {
  const [name = '', folder = ''] = argv.slice(2);
  process.stdout.write(JSON.stringify(measure(name, folder)));
}
