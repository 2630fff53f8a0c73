import { nodeAt, nodesAt, textAt, type TreeNode, walkInside } from './query-tree.ts';
import type { Catalogue } from './catalogue.ts';

/** One query of a statement, with those inside it and the one that it lies in. */
export interface Scope {
  readonly id: number;
  readonly query: TreeNode;
  readonly outer: Scope | null;
  readonly nested: Scope[];
}

/** A statement as a tree of queries, and which of their columns are equal by what it says. */
export class Statement {
  readonly scopes: Scope[] = [];
  readonly #catalogue: Catalogue;
  /** Names of columns and parameters by one that equals them. */
  readonly #equal = new Map<string, string>();

  constructor(query: TreeNode, catalogue: Catalogue) {
    this.#catalogue = catalogue;
    this.#enter(query, null);
    for (const scope of this.scopes) {
      this.#equateByConditions(scope);
      this.#equateByColumns(scope);
    }
  }

  /** Tables that a query itself names, by place in its list, where they are tables. */
  tables({ query }: Scope): { readonly oid: string; readonly place: number }[] {
    // What an insert calls "excluded" is no table.
    const excluded = textAt(nodeAt(query, 'onConflict') ?? query, 'exclRelIndex');
    return nodesAt(query, 'rtable').flatMap((entry, index) => {
      const isTable = textAt(entry, 'rtekind') === '0' && String(index + 1) !== excluded;
      return isTable ? [{ oid: textAt(entry, 'relid'), place: index + 1 }] : [];
    });
  }

  /** Names of the columns by which the query's own tables lie in shards. */
  shards(scope: Scope): string[] {
    return this.tables(scope).flatMap(({ oid, place }) => {
      const column = this.#catalogue.shardedBy.get(oid);
      return column === undefined ? [] : [`${scope.id} ${place} ${column}`];
    });
  }

  isInShards(oid: string): boolean {
    return this.#catalogue.shardedBy.has(oid);
  }

  /** Whether the query or one inside it asks shards. */
  isSharded(scope: Scope): boolean {
    return this.shards(scope).length > 0 || scope.nested.some((each) => this.isSharded(each));
  }

  /** Whether it is about one asset, and so is sent as it is to where that lies. */
  get isOfOneAsset(): boolean {
    return this.scopes.every((scope) => this.shards(scope).every((column) => this.representative(column).startsWith('$')));
  }

  /** The same for all columns and parameters that are equal; begins with a dollar where one of them is a parameter. */
  representative(name: string): string {
    let at = name;
    for (let next = this.#equal.get(at); next !== undefined; next = this.#equal.get(at)) at = next;
    return at;
  }

  #enter(query: TreeNode, outer: Scope | null): void {
    const scope: Scope = { id: this.scopes.length, query, outer, nested: [] };
    this.scopes.push(scope);
    outer?.nested.push(scope);
    for (const node of walkInside(query)) if (node.name === 'QUERY') this.#enter(node, scope);
  }

  #equateByConditions(scope: Scope): void {
    for (const node of walkInside(scope.query)) {
      const condition = node.name === 'FROMEXPR' || node.name === 'JOINEXPR' ? nodeAt(node, 'quals') : null;
      for (const each of condition ? conjuncts(condition) : []) {
        const [left, right] = each.name === 'OPEXPR' ? nodesAt(each, 'args') : [];
        const isEquality = this.#catalogue.functionNames.get(textAt(each, 'opfuncid')) === 'uuid_eq';
        if (left && right && isEquality) this.#equate(this.#name(left, scope), this.#name(right, scope));
      }
    }
  }

  /** Columns of joins, groups and subqueries are those of what is joined, grouped and selected. */
  #equateByColumns(scope: Scope): void {
    for (const [index, entry] of nodesAt(scope.query, 'rtable').entries()) {
      const column = (number: number | string) => `${scope.id} ${index + 1} ${number}`;
      const same = [...nodesAt(entry, 'joinaliasvars'), ...nodesAt(entry, 'groupexprs')];
      for (const [place, node] of same.entries()) this.#equate(column(place + 1), this.#name(node, scope));
      const source = sourceOf(entry, scope);
      for (const target of source ? nodesAt(source.query, 'targetList') : []) {
        const expression = nodeAt(target, 'expr');
        if (source && expression?.name === 'VAR') this.#equate(column(textAt(target, 'resno')), this.#name(expression, source));
      }
    }
  }

  /** Of a column or parameter; null for anything else. */
  #name(node: TreeNode, scope: Scope): string | null {
    if (node.name === 'PARAM') return `$${textAt(node, 'paramid')}`;
    if (node.name === 'CONST') return '$constant';
    if (node.name !== 'VAR') return null;
    return `${around(scope, textAt(node, 'varlevelsup'))?.id} ${textAt(node, 'varno')} ${textAt(node, 'varattno')}`;
  }

  #equate(left: string | null, right: string | null): void {
    if (left === null || right === null) return;
    const [one, other] = [this.representative(left), this.representative(right)];
    if (one === other) return;
    if (one.startsWith('$')) this.#equal.set(other, one);
    else this.#equal.set(one, other);
  }
}

function conjuncts(condition: TreeNode): TreeNode[] {
  if (condition.name !== 'BOOLEXPR' || textAt(condition, 'boolop') !== 'and') return [condition];
  return nodesAt(condition, 'args').flatMap(conjuncts);
}

/** The query so many levels outside. */
function around(scope: Scope, levels: string): Scope | null {
  let at: Scope | null = scope;
  for (let left = Number(levels); left > 0; left -= 1) at = at?.outer ?? null;
  return at;
}

/** The query that stands in a list of tables, itself or by the name of a common table expression. */
export function sourceOf(entry: TreeNode, scope: Scope): Scope | null {
  const owner = around(scope, textAt(entry, 'ctelevelsup'));
  const named = owner && nodesAt(owner.query, 'cteList').find((each) => textAt(each, 'ctename') === textAt(entry, 'ctename'));
  const query = named ? nodeAt(named, 'ctequery') : nodeAt(entry, 'subquery');
  return owner?.nested.find((each) => each.query === query) ?? null;
}
