import { type AssetContext, usualContext } from '@vedette/matching';
import type { Exposure } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { PrepareAssets, QueryScope, SelectAssets } from '../query/prepare-assets.ts';
import { prepareMeaning } from '../tags/prepare-tag.ts';
import { loadTags } from '../tags/store.ts';

const exposures: readonly Exposure[] = ['isolated', 'internal', 'internet'];

/** Assets on which a detection of a check has the same risk. */
export interface AssetClass {
  readonly context: AssetContext;
  /** Null for all there are. */
  readonly assets: RoaringBitmap32 | null;
}

/** How critical and how exposed each asset is, by its tags. Assets by their dense numbers. */
export interface AssetContexts {
  readonly classes: readonly AssetClass[];
  readonly of: (asset: number) => AssetContext;
}

export const usualContexts: AssetContexts = { classes: [{ context: usualContext, assets: null }], of: () => usualContext };

interface Marked {
  readonly criticality: number | null;
  readonly exposure: Exposure | null;
  readonly select: SelectAssets;
}

interface Kept {
  readonly marks: readonly Marked[];
  readonly revision: number;
  readonly until: number;
  readonly contexts: AssetContexts;
}

/** What took long to work out is believed for so many times as long, whatever assets come and go. */
const patienceFactor = 30;
const quickMs = 20;
const kept = new WeakMap<OrganizationIndex, Kept>();
/** By database: the marks last prepared of an organization, by what its tags mean. */
const remembered = new WeakMap<
  Kysely<Database>,
  Map<string, { readonly key: string; readonly until: number; readonly marks: Marked[] }>
>();

/** Asks the database what tags say of assets; with a moment, what tags meant then. What assets are is of now in any case. */
export async function prepareContexts(
  db: Kysely<Database>,
  scope: QueryScope,
  { prepareAssets, moment }: { readonly prepareAssets: PrepareAssets; readonly moment?: Date | undefined },
): Promise<((index: OrganizationIndex) => AssetContexts) | null> {
  const tags = (await loadTags(db, scope.organizationId, moment)).filter(
    ({ criticality, exposure }) => criticality !== null || exposure !== null,
  );
  if (tags.length === 0) return null;
  const key = tags.map(({ number }) => number).join();
  const known = moment ? undefined : remembered.get(db)?.get(scope.organizationId);
  const begin = performance.now();
  if (known?.key === key && begin < known.until) return (index) => contextsOf(index, known.marks);
  const marks: Marked[] = [];
  for (const { name, query, criticality, exposure } of tags) {
    const select = await prepareMeaning(db, { name, query }, scope, prepareAssets);
    marks.push({ criticality, exposure, select });
  }
  if (!moment) remember(db, scope.organizationId, { key, until: patience(begin), marks });
  return (index) => contextsOf(index, marks);
}

function remember(db: Kysely<Database>, organizationId: string, entry: { key: string; until: number; marks: Marked[] }): void {
  const byOrganization = remembered.get(db) ?? new Map<string, typeof entry>();
  remembered.set(db, byOrganization);
  byOrganization.set(organizationId, entry);
}

/** Until when something that was begun then and is done now is good enough. */
function patience(begin: number): number {
  const took = performance.now() - begin;
  return took < quickMs ? 0 : begin + took * patienceFactor;
}

function contextsOf(index: OrganizationIndex, marks: readonly Marked[]): AssetContexts {
  const begin = performance.now();
  const known = kept.get(index);
  if (known?.marks === marks && (known.revision === index.revision || begin < known.until)) return known.contexts;
  const contexts = classify(index, marks);
  kept.set(index, { marks, revision: index.revision, until: patience(begin), contexts });
  return contexts;
}

/** Of several tags the highest criticality counts, and the widest exposure. */
function classify(index: OrganizationIndex, marks: readonly Marked[]): AssetContexts {
  const count = index.table.assets.length;
  const [criticality, exposure] = [new Uint8Array(count), new Uint8Array(count)];
  for (const mark of marks) {
    const assets = mark.select(index);
    for (const asset of assets.toUint32Array()) {
      criticality[asset] = Math.max(criticality[asset] ?? 0, mark.criticality ?? 0);
      exposure[asset] = Math.max(exposure[asset] ?? 0, mark.exposure === null ? 0 : exposures.indexOf(mark.exposure) + 1);
    }
    assets.dispose();
  }
  const of = (asset: number): AssetContext => ({
    criticality: criticality[asset] || usualContext.criticality,
    exposure: exposures[(exposure[asset] ?? 0) - 1] ?? usualContext.exposure,
  });
  const byClass = new Map<string, { context: AssetContext; assets: number[] }>();
  for (let asset = 0; asset < count; asset += 1) {
    const context = of(asset);
    const name = `${context.criticality} ${context.exposure}`;
    const entry = byClass.get(name) ?? { context, assets: [] };
    byClass.set(name, entry);
    entry.assets.push(asset);
  }
  if (byClass.size <= 1) {
    const [only] = byClass.values();
    return { classes: [{ context: only?.context ?? usualContext, assets: null }], of };
  }
  return { classes: [...byClass.values()].map(({ context, assets }) => ({ context, assets: new RoaringBitmap32(assets) })), of };
}
