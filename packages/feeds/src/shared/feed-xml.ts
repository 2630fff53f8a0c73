import { SaxesParser } from 'saxes';
import { FeedError } from '../errors.ts';
import type { FeedFile } from '../feed.ts';
import { limited, notThisFeed, truncated } from './feed-text.ts';

/** An element; names without their prefix, since each document chooses its own. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, without that of its children, trimmed. */
  readonly text: string;
}

const chunkBytes = 1024 * 1024;
const maxDepth = 64;
/** Elements of one record; the largest real one (a kernel erratum of all flavours) has some ten thousands. */
const maxElements = 500_000;
const greaterThan = 0x3e;

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/**
 * The elements of an XML document that have one of the names, each as soon as it is complete, so that memory holds one and not the
 * document. The root must be `root`. No entities but the five of XML and characters by number are known; a document type is refused,
 * since no feed has one and they are there to blow documents up. Throws FeedError.
 */
export function* xmlElements(
  file: FeedFile,
  { maxBytes, root, names }: { maxBytes: number; root: string; names: ReadonlySet<string> },
): Generator<XmlElement> {
  const { bytes } = limited(file, maxBytes);
  const found: XmlElement[] = [];
  const parser = parserOf(file, root, names, (element) => found.push(element));
  // A cut behind a bracket never lies within a character.
  for (let start = 0; start < bytes.length;) {
    const end = start + chunkBytes >= bytes.length ? bytes.length : cutBehind(bytes, start + chunkBytes);
    guarded(file, () => parser.write(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end))));
    yield* found.splice(0);
    start = end;
  }
  try {
    parser.close();
  } catch (cause) {
    throw truncated(file, parser.line, cause);
  }
}

function cutBehind(bytes: Uint8Array, at: number): number {
  const bracket = bytes.indexOf(greaterThan, at);
  return bracket < 0 ? bytes.length : bracket + 1;
}

/** The parser throws plain errors, the decoder TypeErrors. */
function guarded(file: FeedFile, read: () => void): void {
  try {
    read();
  } catch (cause) {
    if (cause instanceof FeedError) throw cause;
    if (cause instanceof TypeError) {
      throw new FeedError('NOT_TEXT', `${file.name} is no UTF-8 text. Is it still compressed? Fetch it again.`, { cause });
    }
    throw notThisFeed(file, 'somewhere', cause);
  }
}

function parserOf(file: FeedFile, root: string, names: ReadonlySet<string>, found: (element: XmlElement) => void): SaxesParser {
  const parser = new SaxesParser();
  /** The record that is being read, outermost first; empty between records. */
  const record: Open[] = [];
  let depth = 0;
  let elements = 0;
  parser.on('doctype', () => {
    throw notThisFeed(file, 'document type');
  });
  parser.on('opentag', ({ name, attributes }) => {
    const local = localName(name);
    depth += 1;
    if (depth === 1 && local !== root) throw notThisFeed(file, `element ${root}`);
    if (depth > maxDepth) throw notThisFeed(file, 'an element that nests deeper than any real one');
    if (record.length === 0 && !names.has(local)) return;
    elements = record.length === 0 ? 1 : elements + 1;
    if (elements > maxElements)
      throw new FeedError('TOO_LARGE', `${file.name}: a record larger than any real one. Fetch it again.`);
    const entries = Object.entries(attributes).map(([key, value]) => [localName(key), value] as const);
    record.push({ name: local, attributes: new Map(entries), children: [], text: '' });
  });
  const addText = (text: string): void => {
    const last = record.at(-1);
    if (last) last.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    depth -= 1;
    const closed = record.pop();
    if (!closed) return;
    const element = { ...closed, text: closed.text.trim() };
    const parent = record.at(-1);
    if (parent) parent.children.push(element);
    else found(element);
  });
  return parser;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** All elements of that name below, at any depth. */
export function* descendants(element: XmlElement, name: string): Generator<XmlElement> {
  for (const child of element.children) {
    if (child.name === name) yield child;
    yield* descendants(child, name);
  }
}
