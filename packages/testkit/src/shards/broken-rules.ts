import { distribution } from '@vedette/server';
import type { Catalogue } from './catalogue.ts';
import { isNode, nodeAt, nodesAt, textAt, type TreeNode, type TreeValue, walk, walkInside } from './query-tree.ts';
import { type Scope, sourceOf, Statement } from './statement.ts';

/** Numbers of commands. */
const [select, update, insert, remove] = ['1', '2', '3', '4'];

/** What belongs to one node: asked in a query that runs on another, it tells of that one. */
const ofOneNode =
  /^(pg_current_xact_id|pg_current_snapshot|pg_backend_pid|current_setting|set_config|pg_notify|nextval|txid_.*|pg_(try_)?advisory_.*)/;

/** Columns that the fleet index follows: who changes them names the transaction in `written_by`. */
const followed: Readonly<Record<string, readonly string[]>> = {
  agent: ['version', 'last_check_in'],
  asset: ['hostname', 'os', 'ecosystem', 'release', 'architecture', 'pending_restart'],
  verdict: ['valid_until', 'until_at'],
};

/** Tables of the coordinator that may stand beside shards: every row of what they are joined with is fetched for it (docs/scale.md). */
const slowBesideShards: readonly string[] = ['release_event'];

/**
 * What Citus refuses or misunderstands in a statement, or takes long for; each rule with its source in docs/scale.md. Within an asset scope
 * also what asks tables past the views that hide them.
 */
export function brokenRules(tree: TreeValue, catalogue: Catalogue, hiding: ReadonlySet<string> | null = null): string[] {
  if (typeof tree === 'string' || isNode(tree)) return [];
  const queries = tree.filter((query) => isNode(query) && query.name === 'QUERY') as TreeNode[]; // by the line's own test
  return [
    ...new Set(
      queries.flatMap((query) => {
        const statement = new Statement(query, catalogue);
        return [...brokenByOne(statement, catalogue), ...(hiding ? brokenByScope(statement, catalogue, hiding) : [])];
      }),
    ),
  ];
}

/** Tables that are named themselves, or by other views; one may be, where a change of one asset is made (scoped-changes.ts). */
function brokenByScope(statement: Statement, catalogue: Catalogue, hiding: ReadonlySet<string>): string[] {
  const namedBy = (scope: Scope): string[] => {
    const { query, nested } = scope;
    const views = nodesAt(query, 'rtable').filter((entry) => textAt(entry, 'relkind') === 'v');
    const inViews = new Set(views.map((entry) => nodeAt(entry, 'subquery')));
    const namesAssets = textAt(query, 'commandType') === insert ? nested.length === 0 : statement.isOfOneAsset;
    const isAllowed = (place: number) => textAt(query, 'resultRelation') === String(place) && namesAssets;
    const tables = isOfView(scope)
      ? []
      : statement.tables(scope).filter(({ oid, place }) => statement.isInShards(oid) && !isAllowed(place));
    const others = views.map((entry) => ({ oid: textAt(entry, 'relid') })).filter(({ oid }) => !hiding.has(oid));
    const named = [...tables, ...others].map(({ oid }) => `${catalogue.tableNames.get(oid) ?? 'a view'} is asked past the scope`);
    return [...named, ...nested.filter((each) => !inViews.has(each.query)).flatMap(namedBy)];
  };
  return statement.scopes.filter(({ outer }) => outer === null).flatMap(namedBy);
}

function brokenByOne(statement: Statement, catalogue: Catalogue): string[] {
  const { scopes } = statement;
  const placed = scopes.filter((scope) => isPlaced(scope, statement, catalogue));
  const broken = placed.flatMap((scope) => [
    ...brokenByPlace(scope, statement, catalogue),
    ...(textAt(scope.query, 'commandType') === select ? [] : brokenByChange(scope, catalogue)),
  ]);
  if (statement.isOfOneAsset) return broken;
  return [...broken, ...scopes.flatMap((scope) => (statement.isSharded(scope) ? brokenByMany(scope, statement, catalogue) : []))];
}

/** Whether the query or one inside it asks tables that lie elsewhere than at the coordinator alone. */
function isPlaced(scope: Scope, statement: Statement, catalogue: Catalogue): boolean {
  const isOwn = statement.tables(scope).some(({ oid }) => {
    const place = distribution[catalogue.tableNames.get(oid) ?? ''];
    return place !== undefined && place !== 'coordinator';
  });
  return isOwn || scope.nested.some((each) => isPlaced(each, statement, catalogue));
}

/** Functions that mean another thing on another node. What a change sets is worked out at the coordinator, unless it comes from shards. */
function brokenByPlace(scope: Scope, statement: Statement, catalogue: Catalogue): string[] {
  const isSelect = textAt(scope.query, 'commandType') === select;
  if (!isSelect && !scope.nested.some((each) => statement.isSharded(each))) return [];
  const asked = isSelect ? [scope, ...sentAlong(scope, statement)] : [scope];
  const called = asked.flatMap(({ query }) => [...walkInside(query)].flatMap((node) => functionsOf(node, catalogue)));
  const names = called.map((id) => catalogue.functionNames.get(id) ?? '').filter((name) => ofOneNode.test(name));
  return names.map((name) => `${name} is asked on a worker`);
}

/** By the table that a change is of: Citus' planner looks whether the first of its list is a view. */
function isOfView({ query }: Scope): boolean {
  const [first] = nodesAt(query, 'rtable');
  const isView = first !== undefined && textAt(first, 'rtekind') === '0' && textAt(first, 'relkind') === 'v';
  return isView && textAt(first, 'inFromCl') === 'false';
}

/**
 * Subqueries of one about one asset, which are sent with it to where that lies; but where one asks a table of the coordinator, Citus
 * works it out there first.
 */
function sentAlong(scope: Scope, statement: Statement): Scope[] {
  if (!statement.isOfOneAsset) return [];
  return scope.nested.flatMap((each) => (statement.tables(each).length > 0 ? [] : [each, ...sentAlong(each, statement)]));
}

function brokenByChange(scope: Scope, catalogue: Catalogue): string[] {
  const { query } = scope;
  const command = textAt(query, 'commandType');
  const isMutable = (node: TreeNode) => worstOf(node, catalogue) !== 'i';
  const targets = nodesAt(query, 'targetList');
  const where = nodeAt(nodeAt(query, 'jointree') ?? query, 'quals');
  const conflict = nodeAt(query, 'onConflict');
  const onConflict = conflict ? nodesAt(conflict, 'onConflictSet') : [];
  const conflictWhere = conflict && nodeAt(conflict, 'onConflictWhere');
  const changing = command === update || command === remove ? [...targets, ...(where ? [where] : [])] : [];
  const broken = changing.flatMap((part) => brokenByExpression(part, catalogue));
  if ([...onConflict, ...(conflictWhere ? [conflictWhere] : [])].some(isMutable)) broken.push('a mutable function on conflict');
  if (nodesAt(query, 'returningList').some(isMutable)) broken.push('a mutable function is returned');
  if (isOfView(scope)) broken.push('assets are changed through a view');
  return [...broken, ...brokenByColumns(query, [...(command === update ? targets : []), ...onConflict], catalogue)];
}

/** Of columns that a query sets. */
function brokenByColumns(query: TreeNode, set: readonly TreeNode[], catalogue: Catalogue): string[] {
  const oid = textAt(nodesAt(query, 'rtable')[Number(textAt(query, 'resultRelation')) - 1] ?? query, 'relid');
  const table = catalogue.tableNames.get(oid) ?? '';
  const names = set.map((target) => textAt(target, 'resname').replaceAll('"', ''));
  const isMoved = set.some((target) => textAt(target, 'resno') === catalogue.shardedBy.get(oid));
  const isSilent = names.some((name) => followed[table]?.includes(name)) && !names.includes('written_by');
  return [
    ...(isMoved ? ['a row would move to another shard'] : []),
    ...(isSilent ? [`${table} is changed without written_by`] : []),
  ];
}

/** Of what an update or delete sets and where. */
function brokenByExpression(part: TreeNode, catalogue: Catalogue): string[] {
  return [...walk(part)].flatMap((node) => {
    const own = functionsOf(node, catalogue).map((id) => catalogue.volatility.get(id));
    const inside = [...walkInside(node)];
    const isChoice = node.name === 'CASEEXPR' || node.name === 'COALESCEEXPR';
    return [
      ...(own.includes('v') ? ['a volatile function in a change'] : []),
      ...(own.includes('s') && inside.some(({ name }) => name === 'VAR') ? ['a stable function of a column in a change'] : []),
      ...(isChoice && worstOf(node, catalogue) !== 'i' ? ['a mutable function in a case of a change'] : []),
    ];
  });
}

/** Of what asks several shards. */
function brokenByMany(scope: Scope, statement: Statement, catalogue: Catalogue): string[] {
  const { query } = scope;
  const broken: string[] = [];
  if (nodesAt(query, 'groupingSets').length > 0) broken.push('grouping sets over several shards');
  if (textAt(query, 'hasRecursive') === 'true') broken.push('a recursive query over several shards');
  const columns = statement.shards(scope).map((column) => statement.representative(column));
  if (columns.length === 0) return broken;
  if (nodesAt(query, 'rowMarks').length > 0) broken.push('rows of several shards are locked');
  if (new Set(columns).size > 1) broken.push('tables are joined by something else than the asset');
  const isOfRows = [...walkInside(query)].some((node) => node.name === 'VAR' && Number(textAt(node, 'varlevelsup')) > 0);
  const elsewhere = statement.scopes.filter((each) => each !== scope).flatMap((each) => statement.shards(each));
  const around = new Set(elsewhere.map((column) => statement.representative(column)));
  if (isOfRows && !columns.some((column) => around.has(column)))
    broken.push('a subquery over shards is asked for each row of something else');
  if (nodesAt(query, 'rtable').some((entry) => isAskedPerRow(entry, catalogue)))
    broken.push('a mutable function is joined with each row of shards');
  const names = statement.tables(scope).map(({ oid }) => catalogue.tableNames.get(oid) ?? '');
  if (names.some((name) => slowBesideShards.includes(name))) return broken;
  const beside = names.filter((name) => distribution[name] === 'coordinator');
  broken.push(...beside.map((name) => `${name} of the coordinator is joined with shards`));
  if (outerJoins(query).some(([outer, inner]) => !asksShards(outer, scope, statement) && asksShards(inner, scope, statement)))
    broken.push('all of a table in shards is fetched for an outer join');
  return broken;
}

/** Of functions in a list of tables; others are called once, at the coordinator, whatever they are. */
function isAskedPerRow(entry: TreeNode, catalogue: Catalogue): boolean {
  const isPerRow = textAt(entry, 'lateral') === 'true' || textAt(entry, 'funcordinality') === 'true';
  return isPerRow && nodesAt(entry, 'functions').some((each) => worstOf(each, catalogue) !== 'i');
}

/** Sides of outer joins: the one of which every row stays first. */
function outerJoins(query: TreeNode): (readonly [TreeNode, TreeNode])[] {
  return [...walkInside(query)].flatMap((node) => {
    const [left, right] = node.name === 'JOINEXPR' ? [nodeAt(node, 'larg'), nodeAt(node, 'rarg')] : [];
    if (!left || !right) return [];
    return textAt(node, 'jointype') === '1' ? [[left, right]] : textAt(node, 'jointype') === '3' ? [[right, left]] : [];
  });
}

/** Whether a side of a join asks shards, itself or by a subquery. */
function asksShards(side: TreeNode, scope: Scope, statement: Statement): boolean {
  const places = [...walk(side)].filter(({ name }) => name === 'RANGETBLREF').map((node) => Number(textAt(node, 'rtindex')));
  return places.some((place) => {
    const entry = nodesAt(scope.query, 'rtable')[place - 1];
    const source = entry && sourceOf(entry, scope);
    return (
      statement.tables(scope).some((table) => table.place === place && statement.isInShards(table.oid)) ||
      (source && statement.isSharded(source))
    );
  });
}

function worstOf(part: TreeNode, catalogue: Catalogue): string {
  const all = [...walk(part)].flatMap((node) => functionsOf(node, catalogue)).map((id) => catalogue.volatility.get(id));
  return ['v', 's'].find((one) => all.includes(one)) ?? 'i';
}

/** Functions that a node itself calls. */
function functionsOf(node: TreeNode, { typeFunctions }: Catalogue): string[] {
  const argument = node.name === 'COERCEVIAIO' ? nodeAt(node, 'arg') : null;
  const from = argument ? typeFields.map((field) => textAt(argument, field)).find((type) => type !== '') : undefined;
  const casts = argument ? [typeFunctions.get(textAt(node, 'resulttype'))?.input, typeFunctions.get(from ?? '')?.output] : [];
  const called = ['funcid', 'opfuncid', 'aggfnoid', 'winfnoid'].map((field) => textAt(node, field));
  return [...casts, ...called].flatMap((id) => (id === undefined || id === '' ? [] : [id]));
}

/** Where nodes say of which type they are. */
const typeFields = [
  'vartype',
  'paramtype',
  'consttype',
  'funcresulttype',
  'opresulttype',
  'resulttype',
  'coalescetype',
  'casetype',
];
