import { type AssetContext, usualContext } from '@vedette/matching';
import type { DetectionException } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { type Cover, covers, noCover, prepareCover } from '../exceptions/cover.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { prepareAssets } from '../query/asset-query.ts';
import type { QueryScope } from '../query/prepare-assets.ts';
import { type AssetContexts, prepareContexts, usualContexts } from '../risk/asset-contexts.ts';

/** A set of assets as the database counts them; null for all. */
type Numbers = readonly number[] | null;

/**
 * What people have decided of assets and detections, as it holds at a moment: tags with criticality and exposure, and exceptions. Assets
 * by their numbers in the database.
 */
export interface Decisions {
  readonly contextOf: (assetNumber: number) => AssetContext;
  readonly exceptionOf: (detection: {
    readonly assetNumber: number;
    readonly check: number;
    readonly packageVersions: readonly number[];
  }) => DetectionException | null;
  /** For SQL: contexts, each with its assets; the last one counts for all that no other names. */
  readonly contexts: () => readonly { readonly context: AssetContext; readonly assets: Numbers }[];
  /** For SQL: the exceptions that cover. */
  readonly exceptions: () => readonly { readonly exceptionId: string; readonly assets: Numbers }[];
}

export const noDecisions: Decisions = {
  contextOf: () => usualContext,
  exceptionOf: () => null,
  contexts: () => [{ context: usualContext, assets: null }],
  exceptions: () => [],
};

export type MakeDecisions = (index: OrganizationIndex) => Decisions;

/** Asks the database what it must; null where nothing was decided. `moment`: of the past, where it is not now. */
export async function prepareDecisions(
  db: Kysely<Database>,
  scope: QueryScope,
  moment: Date | null,
): Promise<MakeDecisions | null> {
  const contexts = await prepareContexts(db, scope, { prepareAssets, moment: moment ?? undefined });
  const cover = await prepareCover(db, { ...scope, moment: moment ?? scope.asOf }, prepareAssets);
  if (!contexts && !cover) return null;
  return (index) => decide(index, contexts?.(index) ?? usualContexts, cover?.(index) ?? noCover);
}

/** The same for whoever needs no index otherwise. Throws ApiError UNAVAILABLE while the index is being built, where it is needed. */
export async function loadDecisions(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  scope: QueryScope,
  moment: Date | null,
): Promise<Decisions> {
  const make = await prepareDecisions(db, scope, moment);
  return make ? make(await fleetIndex.current(scope.organizationId)) : noDecisions;
}

function decide({ table }: OrganizationIndex, contexts: AssetContexts, cover: Cover): Decisions {
  const numbersOf = (assets: { toUint32Array: () => Uint32Array } | null): Numbers =>
    assets && Array.from(assets.toUint32Array(), (dense) => table.assets[dense]?.number ?? 0);
  return {
    contextOf: (assetNumber) => contexts.of(table.find(assetNumber) ?? -1),
    exceptionOf: ({ assetNumber, check, packageVersions }) =>
      cover.of({ asset: table.find(assetNumber) ?? -1, check, packageVersions }),
    contexts: () => contexts.classes.map(({ context, assets }) => ({ context, assets: numbersOf(assets) })),
    exceptions: () =>
      cover.exceptions
        .filter((one) => covers(one))
        .map(({ note, assets }) => ({ exceptionId: note.exceptionId, assets: numbersOf(assets) })),
  };
}
