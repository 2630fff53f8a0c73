import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type Feed, FeedError, type FeedFile, feeds, mergeKnowledge, readZip } from '@vedette/feeds';
import { limits } from '@vedette/protocol';
import { FeedFetchError } from './feed-error.ts';
import type { ParseJob, ParseResult } from './feed-parser.ts';
import type { StoredInput } from './stored-input.ts';
import { unpack } from './unpack.ts';

/**
 * Reads and parses one feed after the other in a thread of its own: a large document does not keep agents waiting, and one that takes
 * too much memory does not take the platform along.
 */
parentPort?.on('message', (job: ParseJob) => {
  parentPort?.postMessage(answer(job));
});

function answer(job: ParseJob): ParseResult {
  const feed = feeds.find(({ name }) => name === job.feed);
  if (!feed) throw new Error(`there is no feed ${job.feed}`);
  const hash = createHash('sha256');
  try {
    const options = { cves: new Set(job.cves.split(' ')), ...(job.base === null ? {} : { minimumRecords: 0 }) };
    const facts = feed.parse(readFiles(feed, job, hash), options);
    const { advisories, vulnerabilities } = job.base === null ? facts : joined(job.base, facts);
    const body = zstdCompressSync(JSON.stringify({ advisories, vulnerabilities, lifecycles: facts.lifecycles }));
    return {
      body,
      bodySha256: createHash('sha256').update(body).digest(),
      records: facts.records,
      sha256: hash.digest('hex'),
      named: [...new Set(facts.advisories.flatMap((advisory) => advisory.vulnerabilities))].join(' '),
    };
  } catch (error) {
    if (error instanceof FeedError || error instanceof FeedFetchError) return { code: error.code, message: error.message };
    throw error;
  }
}

/** What changed, over what was known: of an advisory the newer word, of a vulnerability the newer word on each field. */
function joined(base: Uint8Array, facts: StoredInput): StoredInput {
  const known = JSON.parse(zstdDecompressSync(base).toString('utf8')) as StoredInput; // our own writing
  return mergeKnowledge([
    { ...known, origins: [] },
    { ...facts, origins: [] },
  ]);
}

/** One file in memory at a time; a zip counts as its members. */
function* readFiles(feed: Feed, { files }: ParseJob, hash: ReturnType<typeof createHash>): Generator<FeedFile> {
  let total = 0;
  for (const { path, name, place } of files) {
    const isZip = name.endsWith('.zip');
    const packed = readBounded(path, name, isZip ? limits.feedFileBytes : feed.maxBytes);
    hash.update(packed);
    const file = { ...unpack(name, packed, feed.maxBytes), path: place };
    for (const one of isZip ? readZip(file, zipOptions(feed)) : [file]) {
      total += one.bytes.length;
      yield one;
    }
    if (total > limits.feedArchiveBytes) {
      throw new FeedFetchError(
        'TOO_LARGE',
        `The files of ${feed.name} have more than ${limits.feedArchiveBytes} bytes together.`,
      );
    }
  }
}

function zipOptions(feed: Feed): Parameters<typeof readZip>[1] {
  return {
    inflateRaw: (packed, maxBytes) => inflateRawSync(packed, { maxOutputLength: maxBytes }),
    maxEntryBytes: feed.maxBytes,
    maxBytes: limits.feedArchiveBytes,
  };
}

function readBounded(path: string, name: string, maxBytes: number): Buffer {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) throw new FeedFetchError('TOO_LARGE', `${name} has ${size} bytes; it may have ${maxBytes}.`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof FeedFetchError) throw error;
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw new FeedFetchError('NOT_FOUND', `${name} cannot be read (${reason}).`, { cause: error });
  }
}
