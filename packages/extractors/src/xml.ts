import { SaxesParser } from 'saxes';
import { decodeText } from './decode.ts';
import { ExtractorError } from './errors.ts';

/** An element of an XML document, namespaces left off. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, without that of its children, trimmed. */
  readonly text: string;
}

/** A document takes about ten times its size as a tree; the largest real BOMs have 20 MB. */
const maxBytes = 32 * 1024 * 1024;
const maxDepth = 100;

interface OpenElement {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/**
 * A document as a tree; entities other than XML's own five are not expanded, and nothing is fetched. Throws ExtractorError TOO_LARGE,
 * NOT_THIS_FORMAT.
 */
export function decodeXml(content: Uint8Array): XmlElement {
  if (content.length > maxBytes) throw new ExtractorError('TOO_LARGE', `the file has more than ${maxBytes} bytes`);
  const document: OpenElement = { name: '', attributes: new Map(), children: [], text: '' };
  const open = [document];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > maxDepth) throw new ExtractorError('TOO_LARGE', `elements nest deeper than ${maxDepth}`);
    open.push({ name: local(name), attributes: new Map(Object.entries(attributes)), children: [], text: '' });
  });
  const addText = (text: string): void => {
    const last = open.at(-1);
    if (last) last.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const done = open.pop();
    if (done) open.at(-1)?.children.push({ ...done, text: done.text.trim() });
  });
  try {
    parser.write(decodeText(content)).close();
  } catch (cause) {
    if (cause instanceof ExtractorError) throw cause;
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no XML document', { cause });
  }
  const [root] = document.children;
  if (!root) throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no XML document');
  return root;
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The text of the first child of that name; empty when there is none. */
export function childText(element: XmlElement, name: string): string {
  return element.children.find((child) => child.name === name)?.text ?? '';
}
