import { minimumRegistryStatements } from '@vedette/matching';
import { distributions } from '@vedette/protocol';
import { compileTest, type Field, foldQuery, type Query, type Test } from '@vedette/query';
import { type Kysely, sql, type RawBuilder } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import { prepareStates } from '../assets/prepare-states.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import type { IndexedAsset } from '../fleet-index/asset-table.ts';
import { isFirst } from '../fleet-index/count-groups.ts';
import { parseNumbers } from '../fleet-index/read-histories.ts';
import { type Condition, meaningOfLists, testCondition } from './test-condition.ts';
import { prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { fleetRisk } from '../risk/fleet-risk.ts';
import { maxTags, prepareTag } from '../tags/prepare-tag.ts';
import { findInstalledVersions } from './software-query.ts';
import { indexAnswers, prepareDetections } from './detection-query.ts';
import type { QueryScope, SelectAssets } from './prepare-assets.ts';

/**
 * A part of a query: a condition on the rows of assets, or something that only the index answers. What is the former as a whole
 * becomes one question to the database.
 */
type Part = { readonly condition: Condition } | { readonly prepare: () => Promise<SelectAssets> };

/** Asks the database what it must, so that the index can then say which assets fit. */
export async function prepareAssets(db: Kysely<Database>, query: Query, asked: QueryScope): Promise<SelectAssets> {
  const scope = { ...asked, budget: asked.budget ?? { tags: maxTags } };
  const run = (part: Part): Promise<SelectAssets> => ('condition' in part ? byRows(db, scope, part.condition) : part.prepare());
  const whole = foldQuery<Part>(query, {
    all: (parts) => joined(parts, meaningOfLists.all, run, (a, b) => RoaringBitmap32.and(a, b)),
    any: (parts) => joined(parts, meaningOfLists.any, run, (a, b) => RoaringBitmap32.or(a, b)),
    not: (part) =>
      'condition' in part ? { condition: meaningOfLists.not(part.condition) } : { prepare: () => opposite(part.prepare()) },
    test: (field, test) => {
      if (field.name === 'tag') return { prepare: () => prepareTag(db, { field, test }, scope, prepareAssets) };
      if (field.name === 'state') return { prepare: () => prepareState(db, test, scope) };
      if (field.name === 'risk') return { prepare: () => prepareRisk(db, test, scope) };
      const value = indexed[field.name];
      if (value) return { prepare: async () => byIndex(value, test) };
      const column = columnOf(field, scope);
      return column ? { condition: testCondition(column, field, test) } : { prepare: async () => prepareCount(field, test) };
    },
    nested: (field, part) => ({ prepare: () => prepareNested(db, field, part, scope) }),
  });
  return run(whole);
}

/** What the index has of each asset: it says in some ms which of a hundred thousand fit, where the database takes half a second. */
const indexed: Readonly<Record<string, (asset: IndexedAsset) => string | boolean | null>> = {
  assetId: ({ assetId }) => assetId,
  hostname: ({ hostname }) => hostname,
  os: ({ os }) => os,
  ecosystem: ({ ecosystem }) => ecosystem,
  release: ({ release }) => release,
  architecture: ({ architecture }) => architecture,
  agentVersion: ({ agentVersion }) => agentVersion,
  pendingRestart: ({ pendingRestart }) => pendingRestart,
};

/** Of names there may be as many as assets: these need not be remembered. */
const mostKnown = 1000;

function byIndex(value: (asset: IndexedAsset) => string | boolean | null, test: Test): SelectAssets {
  const passes = compileTest(test);
  return ({ table }) => {
    // Of systems and releases there are a handful on all assets.
    const known = new Map<string | boolean | null, boolean>();
    return table.where((asset) => {
      const own = value(asset);
      const before = known.get(own);
      if (before !== undefined) return before;
      const result = passes(own);
      if (known.size < mostKnown) known.set(own, result);
      return result;
    });
  };
}

/** Columns of `asset`, and the key of its newest agent; null for what the index has counted. */
function columnOf({ name }: Field, { organizationId }: QueryScope): RawBuilder<unknown> | null {
  switch (name) {
    case 'activationKey':
      return sql`(
        select activation_key_id::text from agent
        where agent.organization_id = asset.organization_id and agent.asset_id = asset.id
        order by enrolled_at desc, id desc limit 1)`;
    case 'unassessed':
      return sql`case when (asset.ecosystem, asset.release) in (${kindsCovered(organizationId)}) then 0 else asset.packages end`;
    case 'firstSeen':
      return sql`asset.first_seen`;
    case 'lastSeen':
      return sql`asset.last_seen`;
    case 'lastScan':
      return sql`asset.last_scan`;
    case 'packages':
      return sql`asset.packages`;
    default:
      return null;
  }
}

/** What the fleet runs of which enough is known, as isCovered has it: asked once for a question, however large the fleet. */
function kindsCovered(organizationId: string): RawBuilder<unknown> {
  const enough = sql`case when ecosystem = any(${[...distributions]}::text[]) then 1 else ${minimumRegistryStatements} end`;
  return sql`
    select ecosystem, release from (
      select distinct ecosystem, release from asset where organization_id = ${organizationId}
    ) as kind
    where (select count(*) from (
      select from statement
      where valid_until is null and statement.ecosystem = kind.ecosystem and statement.release in (kind.release, '')
      limit ${minimumRegistryStatements}
    ) as counted) >= ${enough}`;
}

async function byRows(db: Kysely<Database>, { organizationId }: QueryScope, condition: Condition): Promise<SelectAssets> {
  const { rows } = await sql<{ numbers: string }>`
    select coalesce(array_agg(number), '{}')::text as numbers from asset
    where organization_id = ${organizationId} and ${condition}`.execute(db);
  const numbers = parseNumbers(rows[0]?.numbers ?? '{}');
  return ({ table }) => new RoaringBitmap32(numbers.flatMap((number) => table.find(number) ?? []));
}

async function prepareState(db: Kysely<Database>, test: Test, scope: QueryScope): Promise<SelectAssets> {
  const passes = compileTest(test);
  const states = await prepareStates(db, scope);
  return ({ table }) => {
    const stateOf = states(table);
    return new RoaringBitmap32(table.assets.flatMap((_, asset) => (passes(stateOf(asset)) ? [asset] : [])));
  };
}

async function prepareRisk(db: Kysely<Database>, test: Test, scope: QueryScope): Promise<SelectAssets> {
  const passes = compileTest(test);
  const contexts = await prepareContexts(db, scope, { prepareAssets });
  return (index) => {
    const { risks } = fleetRisk(index, contexts?.(index) ?? usualContexts);
    return new RoaringBitmap32(index.table.assets.flatMap((_, asset) => (passes(risks[asset] ?? 0) ? [asset] : [])));
  };
}

const severities = ['informational', 'low', 'medium', 'high', 'critical'];

/** Open detections of a severity, which only the index has counted. */
function prepareCount({ name }: Field, test: Test): SelectAssets {
  const severity = severities.indexOf(name) + 1;
  if (severity === 0) throw new Error(`assets have no ${name}`);
  const passes = compileTest(test);
  return ({ table }) =>
    new RoaringBitmap32(table.assets.flatMap((_, asset) => (passes(table.countOf(asset, severity)) ? [asset] : [])));
}

async function prepareNested(db: Kysely<Database>, field: Field, part: Query, scope: QueryScope): Promise<SelectAssets> {
  if (field.of === 'software') {
    const ids = await findInstalledVersions(db, part);
    return ({ packages }) => packages.assetsWithAny(ids);
  }
  const select = await prepareDetections(db, part, scope, prepareAssets);
  return (index) => {
    const isAnswered = indexAnswers(part, index);
    if (!isAnswered && index.isPast) {
      const message =
        'query: of assets of that time, status, firstFound, fixedAt and openAt cannot be asked for yet, or not so far back; the list of detections looks further back';
      throw new ApiError('BAD_REQUEST', message);
    }
    if (!isAnswered) {
      const [since, deepSince] = [index.since, index.deepSince].map((at) => new Date(at).toISOString().slice(0, 10));
      const message = `query: of assets, firstFound and fixedAt can be asked for since ${deepSince}, openAt since ${since}; the list of detections can be asked for more`;
      throw new ApiError('BAD_REQUEST', message);
    }
    const assets = new RoaringBitmap32();
    const seen = new Set<number>();
    select(index, (selected) => void (isFirst(selected, seen) && assets.orInPlace(selected.assets)));
    return assets;
  };
}

/** All conditions as one; the rest beside it. */
function joined(
  parts: readonly Part[],
  join: (conditions: readonly Condition[]) => Condition,
  run: (part: Part) => Promise<SelectAssets>,
  combine: (a: RoaringBitmap32, b: RoaringBitmap32) => RoaringBitmap32,
): Part {
  const conditions = parts.flatMap((part) => ('condition' in part ? [part.condition] : []));
  if (conditions.length === parts.length) return { condition: join(conditions) };
  const rest = parts.filter((part) => !('condition' in part));
  const all: Part[] = conditions.length > 0 ? [{ condition: join(conditions) }, ...rest] : rest;
  return {
    prepare: async () => {
      const selects: SelectAssets[] = [];
      // One after the other: a query takes one connection, however long it is.
      for (const part of all) selects.push(await run(part));
      return (index) =>
        selects
          .map((select) => select(index))
          .reduce((a, b) => {
            const both = combine(a, b);
            a.dispose();
            b.dispose();
            return both;
          });
    },
  };
}

async function opposite(prepared: Promise<SelectAssets>): Promise<SelectAssets> {
  const select = await prepared;
  return (index) => {
    const found = select(index);
    const rest = RoaringBitmap32.andNot(index.table.all, found);
    found.dispose();
    return rest;
  };
}
