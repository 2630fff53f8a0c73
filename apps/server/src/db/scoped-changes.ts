import {
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  type ColumnUpdateNode,
  DeleteQueryNode,
  FromNode,
  InsertQueryNode,
  type KyselyPlugin,
  type OperationNode,
  type OnConflictNode,
  OperatorNode,
  ParensNode,
  type PluginTransformQueryArgs,
  PrimitiveValueListNode,
  ReferenceNode,
  type RootOperationNode,
  TableNode,
  UpdateQueryNode,
  ValueNode,
  ValuesNode,
  WhereNode,
} from 'kysely';
import { currentScope } from './asset-scope.ts';
import { distribution } from './distribution.ts';
import { otherAssets } from './scoped-pool.ts';

/**
 * Within an asset scope tables are hidden behind views (scoped-pool.ts), and a database in shards takes no change through a view. So a change
 * that names assets of the scope, and by what it says can be of no other, is sent to the table itself. Every other goes to the view: there it
 * finds no other asset either, or is refused.
 */
export class ScopedChanges implements KyselyPlugin {
  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    const scope = currentScope();
    if (!scope) return node;
    if (InsertQueryNode.is(node)) return addWithin(node, scope.assetIds);
    if (UpdateQueryNode.is(node)) return updateWithin(node, scope.assetIds);
    return DeleteQueryNode.is(node) ? deleteWithin(node, scope.assetIds) : node;
  }

  async transformResult<Result>({ result }: { readonly result: Result }): Promise<Result> {
    return result;
  }
}

type AssetIds = ReadonlySet<unknown>;

function addWithin(insert: InsertQueryNode, assetIds: AssetIds): InsertQueryNode {
  const { into, onConflict, with: others, endModifiers } = insert;
  const asset = into ? assetColumn(into) : null;
  if (!into || asset === null || others || endModifiers || !staysWithin(onConflict, asset)) return insert;
  const named = assetsOfRows(insert, asset);
  return named.length > 0 && named.every((assetId) => assetIds.has(assetId)) ? { ...insert, into: tableItself(into) } : insert;
}

/** What rows that are written out name; none where they are not. */
function assetsOfRows({ columns = [], values }: InsertQueryNode, asset: string): unknown[] {
  const place = columns.findIndex(({ column }) => column.name === asset);
  if (place < 0 || !values || !ValuesNode.is(values)) return [];
  return values.values.map((row) => (PrimitiveValueListNode.is(row) ? row.values[place] : valueOf(row.values[place])));
}

/** Whether a row that is there already, and is changed instead, is of the same asset, before and after. */
function staysWithin(conflict: OnConflictNode | undefined, asset: string): boolean {
  if (!conflict || conflict.doNothing) return true;
  return (conflict.columns?.some(({ column }) => column.name === asset) ?? false) && !sets(conflict.updates, asset);
}

function updateWithin(update: UpdateQueryNode, assetIds: AssetIds): UpdateQueryNode {
  const { table, from, joins, with: others, updates, endModifiers } = update;
  if (!table || !TableNode.is(table) || from || joins || others || endModifiers) return update;
  const where = conditionWithin(update.where, table, assetIds);
  return where && !sets(updates, assetColumn(table)) ? { ...update, table: tableItself(table), where } : update;
}

function deleteWithin(deletion: DeleteQueryNode, assetIds: AssetIds): DeleteQueryNode {
  const { from, using, joins, with: others, endModifiers } = deletion;
  const [table, ...tables] = from.froms;
  if (!table || !TableNode.is(table) || tables.length > 0 || using || joins || others || endModifiers) return deletion;
  const where = conditionWithin(deletion.where, table, assetIds);
  return where ? { ...deletion, from: FromNode.create([tableItself(table)]), where } : deletion;
}

/** The column that alone tells of which asset a row is; null where there is none, or another one names a second asset. */
function assetColumn({ table: { identifier, schema } }: TableNode): string | null {
  const place = distribution[identifier.name];
  const isPlain = typeof place === 'object' && schema === undefined && !Object.hasOwn(otherAssets, identifier.name);
  return isPlain ? place.byAsset : null;
}

function tableItself({ table }: TableNode): TableNode {
  return TableNode.createWithSchema('public', table.identifier.name);
}

/** Whether the asset itself is set. */
function sets(updates: readonly ColumnUpdateNode[] | undefined, asset: string | null | undefined): boolean {
  return updates?.some(({ column }) => !ColumnNode.is(column) || column.column.name === asset) ?? false;
}

/**
 * The condition, with the asset that it names once more around it: what else it says, in words of SQL perhaps, cannot reach past it. Null
 * where it names none of the scope.
 */
function conditionWithin(where: WhereNode | undefined, table: TableNode, assetIds: AssetIds): WhereNode | null {
  const asset = assetColumn(table);
  const named =
    where && asset !== null ? equalities(where.where, asset).find((each) => assetIds.has(valueOf(each.rightOperand))) : null;
  return where && named ? WhereNode.create(AndNode.create(named, ParensNode.create(where.where))) : null;
}

/** Of a column with something, which all have to hold. */
function equalities(condition: OperationNode, column: string): BinaryOperationNode[] {
  if (AndNode.is(condition)) return [...equalities(condition.left, column), ...equalities(condition.right, column)];
  if (!BinaryOperationNode.is(condition)) return [];
  const { leftOperand: left, operator } = condition;
  const isEquality = OperatorNode.is(operator) && operator.operator === '=';
  const isOfColumn = ReferenceNode.is(left) && ColumnNode.is(left.column) && left.column.column.name === column;
  return isEquality && isOfColumn ? [condition] : [];
}

function valueOf(node: OperationNode | undefined): unknown {
  return node && ValueNode.is(node) ? node.value : undefined;
}
