import { FeedError } from '../errors.ts';
import type { FeedFile } from '../feed.ts';

/** No line of a real feed is longer; the longest CVE list of a kernel advisory has 10 kB. */
const maxLineChars = 256 * 1024;

/** What to do, said at the end of every message about a file. */
const again = 'Fetch it again; the knowledge of before stays in use.';

/** The same file. Throws TOO_LARGE, and NOT_TEXT for NUL bytes. */
export function limited(file: FeedFile, maxBytes: number): FeedFile {
  if (file.bytes.length > maxBytes) {
    throw new FeedError(
      'TOO_LARGE',
      `${file.name} has ${file.bytes.length} bytes, more than the ${maxBytes} this feed may have. ${again}`,
    );
  }
  if (file.bytes.includes(0)) throw new FeedError('NOT_TEXT', `${file.name} holds NUL bytes. ${again}`);
  return file;
}

/** The file as text. Throws TOO_LARGE, NOT_TEXT. */
export function feedText(file: FeedFile, maxBytes: number): string {
  limited(file, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
  } catch (cause) {
    throw new FeedError('NOT_TEXT', `${file.name} is no UTF-8 text. Is it still compressed? ${again}`, { cause });
  }
}

/** A line with its number, from 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** A file is turned into text in pieces of this size, so that memory never holds all of it twice. */
const pieceBytes = 1024 * 1024;
const lineFeed = 0x0a;

/** Lines of a text file that must end with a line feed. Throws TOO_LARGE for one endless line, TRUNCATED for an open last one. */
export function* feedLines(file: FeedFile, maxBytes: number): Generator<Line> {
  const { bytes } = limited(file, maxBytes);
  let number = 0;
  for (let start = 0; start < bytes.length;) {
    const end = start + pieceBytes < bytes.length ? bytes.lastIndexOf(lineFeed, start + pieceBytes) + 1 : bytes.length;
    if (end <= start) throw endlessLine(file, number + 1);
    for (const line of linesIn({ name: file.name, bytes: bytes.subarray(start, end) }, number)) {
      ({ number } = line);
      yield line;
    }
    start = end;
  }
}

function* linesIn(piece: FeedFile, before: number): Generator<Line> {
  const text = feedText(piece, piece.bytes.length);
  let number = before;
  for (let start = 0; start < text.length;) {
    number += 1;
    const end = text.indexOf('\n', start);
    if ((end === -1 ? text.length : end) - start > maxLineChars) throw endlessLine(piece, number);
    if (end === -1) throw truncated(piece, number);
    yield { number, text: text.slice(start, text[end - 1] === '\r' ? end - 1 : end) };
    start = end + 1;
  }
}

function endlessLine(file: FeedFile, number: number): FeedError {
  return new FeedError('TOO_LARGE', `${file.name}, line ${number}: longer than ${maxLineChars} characters. ${again}`);
}

/** A JSON document, not yet looked at. Throws TOO_LARGE, NOT_TEXT, TRUNCATED, SCHEMA. */
export function feedJson(file: FeedFile, maxBytes: number): unknown {
  const text = feedText(file, maxBytes);
  try {
    return JSON.parse(text) as unknown; // every caller checks it against a schema
  } catch (cause) {
    const end = text.trimEnd().at(-1);
    if (/^\s*[[{]/.test(text) && end !== '}' && end !== ']') throw truncated(file, text.split('\n').length, cause);
    throw new FeedError('SCHEMA', `${file.name} is no JSON document. Did a proxy answer instead of the source? ${again}`, {
      cause,
    });
  }
}

export function truncated(file: FeedFile, line: number, cause?: unknown): FeedError {
  return new FeedError('TRUNCATED', `${file.name}, line ${line}: the file ends in the middle of an entry. ${again}`, { cause });
}

/** What was read is not this feed. `where` names the line or the field. */
export function notThisFeed(file: FeedFile, where: string, cause?: unknown): FeedError {
  return new FeedError('SCHEMA', `${file.name}, ${where}: not the format of this feed. ${again}`, { cause });
}
