import type { SyntaxNode } from '@lezer/common';
import { QueryError, type Span } from './errors.ts';
import { parser } from './generated/parser.ts';

/** A query as it was written: fields are not looked up yet, values are text. */
export type Syntax =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Syntax[]; readonly at: Span }
  | { readonly kind: 'not'; readonly part: Syntax; readonly at: Span }
  | { readonly kind: 'word'; readonly value: WrittenValue; readonly at: Span }
  | {
      readonly kind: 'term';
      readonly field: WrittenField;
      readonly operator: Operator;
      readonly value: WrittenValue;
      readonly at: Span;
    }
  | { readonly kind: 'group'; readonly field: WrittenField; readonly part: Syntax; readonly at: Span };

export type Operator = ':' | '=' | '!=' | '<' | '<=' | '>' | '>=';

interface WrittenField extends Span {
  readonly name: string;
}
export interface WrittenValue extends Span {
  readonly text: string;
  /** In quotation marks: `*` and `?` are what they are. */
  readonly isQuoted: boolean;
}

/** Longest query, in UTF-16 units; most terms; deepest nesting of parentheses and `not`. */
export const queryLimits = { length: 4096, terms: 100, depth: 32 } as const;

/**
 * Reads a query; null for an empty one.
 * @throws QueryError `syntax` or `too-large`
 */
export function parseSyntax(text: string): Syntax | null {
  if (text.length > queryLimits.length) {
    const at = { from: queryLimits.length, to: text.length };
    throw new QueryError('too-large', `a query has at most ${queryLimits.length} characters, this one ${text.length}`, at);
  }
  const tree = parser.parse(text);
  refuseFaults(text, tree.topNode);
  const top = tree.topNode.firstChild;
  return top && new Reader(text).read(top, 0);
}

class Reader {
  readonly #text: string;
  #terms = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(node: SyntaxNode, depth: number): Syntax {
    const at = spanOf(node);
    if (depth > queryLimits.depth) throw new QueryError('too-large', `more than ${queryLimits.depth} levels of nesting`, at);
    if (node.name === 'Or' || node.name === 'And') return this.#joined(node, depth);
    if (node.name === 'Not') return { kind: 'not', part: this.#inner(node, depth), at };
    if (node.name === 'Group') return this.#inner(node, depth);
    this.#terms += 1;
    if (this.#terms > queryLimits.terms) throw new QueryError('too-large', `more than ${queryLimits.terms} terms`, at);
    return node.name === 'Term' ? this.#term(node, depth) : { kind: 'word', value: this.#value(node), at };
  }

  /** `a or b or c` is one list, as long as it may be: only parentheses and `not` nest. */
  #joined(node: SyntaxNode, depth: number): Syntax {
    const parts: SyntaxNode[] = [];
    let left: SyntaxNode | null = node;
    for (; left?.name === node.name; left = left.firstChild) parts.unshift(...(left.lastChild ? [left.lastChild] : []));
    if (left) parts.unshift(left);
    const kind = node.name === 'Or' ? 'or' : 'and';
    return { kind, parts: parts.map((part) => this.read(part, depth + 1)), at: spanOf(node) };
  }

  /** What stands between parentheses or after `not`. */
  #inner(node: SyntaxNode, depth: number): Syntax {
    const inner = childrenOf(node).find(({ name }) => !['(', ')', 'not'].includes(name));
    if (!inner) throw new QueryError('syntax', 'nothing between these parentheses', spanOf(node));
    return this.read(inner, depth + 1);
  }

  #term(node: SyntaxNode, depth: number): Syntax {
    const at = spanOf(node);
    const children = childrenOf(node);
    const [fieldNode] = children;
    const last = children.at(-1);
    if (!fieldNode || !last) throw new QueryError('syntax', 'a field without a value', at);
    const field = { name: this.#textOf(fieldNode).slice(0, -1), from: fieldNode.from, to: fieldNode.to - 1 };
    if (last.name === 'Group') return { kind: 'group', field, part: this.#inner(last, depth), at };
    const compare = children.find(({ name }) => name === 'Compare');
    const operator = compare ? (this.#textOf(compare) as Operator) : ':'; // the grammar knows no other
    return { kind: 'term', field, operator, value: this.#value(last), at };
  }

  #value(node: SyntaxNode): WrittenValue {
    const text = this.#textOf(node);
    const isQuoted = node.name === 'Phrase';
    return { text: isQuoted ? text.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : text, isQuoted, ...spanOf(node) };
  }

  #textOf({ from, to }: Span): string {
    return this.#text.slice(from, to);
  }
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
}

function spanOf({ from, to }: Span): Span {
  return { from, to };
}

/** The parser goes on after a fault, which completion needs; whoever runs a query wants the first one named. */
function refuseFaults(text: string, top: SyntaxNode): void {
  const cursor = top.cursor();
  do {
    if (!cursor.type.isError) continue;
    const at = { from: cursor.from, to: cursor.to };
    throw new QueryError('syntax', reasonFor(text, at, cursor.node.parent?.name ?? 'Query'), at);
  } while (cursor.next());
}

function reasonFor(text: string, { from, to }: Span, parent: string): string {
  const found = text.slice(from, to);
  const before = text.slice(0, from).trimEnd();
  if (/^[<>=!]/.test(found)) return `"${found}" needs a field and a colon before it, as in severity:>=4`;
  if (found.startsWith('"') || (text.slice(from).startsWith('"') && found === '')) return 'this quotation mark is not closed';
  if (found === ')') return 'no parenthesis is open that this one could close';
  if (found !== '') return `"${found}" cannot stand here`;
  if (parent === 'Term') return 'a value is missing here';
  if (parent === 'Group' && from >= text.trimEnd().length && !/(?:\b(?:and|or|not))$/i.test(before))
    return 'a closing parenthesis is missing';
  return /\b(?:and|or|not)$/i.test(before)
    ? `something is missing after "${/\w+$/.exec(before)?.[0]}"`
    : 'something is missing here';
}
