import type { Context } from '../context.ts';
import type { Excepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { type Cover, exceptedBy, prepareCover } from './cover.ts';

interface Kept {
  readonly key: string;
  readonly revision: number;
  readonly until: number;
  readonly excepted: Excepted;
}

/** What took long to work out is believed for so many times as long, whatever comes and goes. */
const patienceFactor = 30;
const quickMs = 20;
const kept = new WeakMap<OrganizationIndex, Kept>();

/**
 * For the fleet index: asks which exceptions hold now, and says of an index what they cover; or which held at a moment of the past, and
 * what they covered of the index of then. Which assets they are about is of now in any case.
 */
export function exceptedNow({
  db,
  clock,
  silence,
}: Pick<Context, 'db' | 'clock'> & { readonly silence: Context['config']['silence'] }) {
  return async (
    organizationId: string,
    past?: Date,
  ): Promise<((index: OrganizationIndex, past?: OrganizationIndex) => Excepted) | null> => {
    const asOf = clock();
    const cover = await prepareCover(db, { organizationId, silence, asOf, moment: past ?? asOf }, prepareAssets);
    return cover && ((index, then = index) => excepted(then, cover(index)));
  };
}

function excepted(index: OrganizationIndex, cover: Cover): Excepted {
  const begin = performance.now();
  const key = cover.exceptions.map(({ note }) => note.exceptionId).join();
  const isForAll = cover.exceptions.every(({ assets }) => assets === null);
  const known = kept.get(index);
  if (known?.key === key && (begin < known.until || (isForAll && known.revision === index.revision))) return known.excepted;
  const fresh = exceptedBy(index, cover);
  const took = performance.now() - begin;
  const until = took < quickMs ? 0 : begin + took * patienceFactor;
  kept.set(index, { key, revision: index.revision, until, excepted: fresh });
  return fresh;
}
