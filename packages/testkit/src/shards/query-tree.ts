/** A node of a query as PostgreSQL itself prints it: its name, and what stands in each field. */
export interface TreeNode {
  readonly name: string;
  readonly fields: ReadonlyMap<string, readonly TreeValue[]>;
}

export type TreeValue = TreeNode | TreeList | string;
type TreeList = readonly TreeValue[];

/** Words and brackets; a backslash takes the next character along. Lines are broken where there was a space. */
const tokens = /[{}()]|(?:\\[^]|[^\s{}()\\])+/g;

/** Reads what PostgreSQL writes with debug_print_rewritten: nodes in braces, fields by colon, lists in parentheses. */
export function readQueryTree(text: string): TreeValue {
  const words = text.match(tokens) ?? [];
  let next = 0;
  const read = (): TreeValue => {
    const word = words[next++];
    if (word === undefined) throw new Error('the tree ends too early');
    if (word === '(') return readUntil(')');
    return word === '{' ? readNode() : word;
  };
  const readUntil = (end: string): TreeValue[] => {
    const values: TreeValue[] = [];
    while (words[next] !== end) values.push(read());
    next += 1;
    return values;
  };
  const readNode = (): TreeNode => {
    const [name, ...rest] = readUntil('}');
    const fields = new Map<string, TreeValue[]>();
    let values: TreeValue[] = [];
    for (const value of rest) {
      if (typeof value === 'string' && value.startsWith(':')) fields.set(value.slice(1), (values = []));
      else values.push(value);
    }
    return { name: typeof name === 'string' ? name : '', fields };
  };
  return read();
}

export function isNode(value: TreeValue | undefined): value is TreeNode {
  return typeof value === 'object' && 'fields' in value;
}

/** What stands in a field, where that is a node. */
export function nodeAt(node: TreeNode, field: string): TreeNode | null {
  const [value] = node.fields.get(field) ?? [];
  return isNode(value) ? value : null;
}

/** The nodes of the list in a field; none where it is empty. */
export function nodesAt(node: TreeNode, field: string): TreeNode[] {
  const [value] = node.fields.get(field) ?? [];
  return Array.isArray(value) ? value.filter((each: TreeValue) => isNode(each)) : [];
}

/** Text of a field; empty where there is none. */
export function textAt(node: TreeNode, field: string): string {
  const [value] = node.fields.get(field) ?? [];
  return typeof value === 'string' && value !== '<>' ? value : '';
}

/** A value and everything below it, but nothing below a query: what stands in that is of another one. */
export function* walk(value: TreeValue): Generator<TreeNode> {
  if (typeof value === 'string') return;
  if (!isNode(value)) {
    for (const each of value) yield* walk(each);
    return;
  }
  yield value;
  if (value.name !== 'QUERY') yield* walkInside(value);
}

/** The same without the node itself: of a query, what is its own. */
export function* walkInside(node: TreeNode): Generator<TreeNode> {
  for (const values of node.fields.values()) yield* walk(values);
}
