import { isDeepStrictEqual } from 'node:util';
import type { previewProfile } from '@vedette/protocol';
import type { z } from 'zod';
import { inOrder, explainProfiles, explainUpgrades, type StoredProfile } from './layers.ts';
import { combinationsOf, profilesOf, type ProfileSources, selectAssets } from './select-assets.ts';

export type Preview = z.input<typeof previewProfile.reply>;
type Change = Preview['changes'][number];

const examplesShown = 20;
const changesShown = 20;

interface Difference {
  readonly before: readonly StoredProfile[];
  /** The same without `removed` and with `added`. */
  readonly added: StoredProfile | null;
  readonly removed: string | null;
}

/** What other profiles would do to the assets that the caller sees. */
export async function previewDifference(
  context: ProfileSources,
  organizationId: string,
  { before, added, removed }: Difference,
): Promise<Preview> {
  const kept = before.filter(({ profileId }) => profileId !== removed);
  const after = added ? inOrder([...kept, added]) : kept;
  // Both lists together, so that every query is asked for once and of one moment.
  const all = [...new Set([...before, ...after])];
  using selection = await selectAssets(context, { organizationId }, all);
  const { assets } = selection.index.table;
  const subject = added ?? before.find(({ profileId }) => profileId === removed);
  const chosen = subject ? selection.sets[all.indexOf(subject)] : undefined;
  const known = new Map<string, Omit<Change, 'assets'>[]>();
  const counted = new Map<string, Change>();
  const examples: Preview['examples'] = [];
  let changed = 0;
  for (const [asset, combination] of combinationsOf(selection).entries()) {
    const changes = known.get(combination) ?? changesOf(all, combination, { before, after });
    known.set(combination, changes);
    const { assetId, hostname } = assets[asset] ?? {};
    // The table keeps numbers of assets that are gone, or not to be seen.
    if (changes.length === 0 || !selection.index.table.all.has(asset) || assetId === undefined) continue;
    changed += 1;
    if (examples.length < examplesShown)
      examples.push({ assetId: assetId as Preview['examples'][number]['assetId'], hostname: hostname ?? '' }); // an id of our own
    for (const change of changes) {
      const key = JSON.stringify(change);
      counted.set(key, { ...change, assets: (counted.get(key)?.assets ?? 0) + 1 });
    }
  }
  const changes = [...counted.values()].toSorted((a, b) => b.assets - a.assets).slice(0, changesShown);
  return { assets: chosen?.size ?? selection.index.table.all.size, changed, changes, examples };
}

function changesOf(
  all: readonly StoredProfile[],
  combination: string,
  { before, after }: { readonly before: readonly StoredProfile[]; readonly after: readonly StoredProfile[] },
): Omit<Change, 'assets'>[] {
  const fitting = new Set(profilesOf(all, combination));
  const [was, will] = [before, after].map((list) => {
    const layers = list.filter((profile) => fitting.has(profile));
    return [...explainProfiles(layers, null), ...explainUpgrades([], layers)];
  });
  return (was ?? []).flatMap(({ name, value: from }, at) => {
    const to = will?.[at]?.value;
    return isDeepStrictEqual(from, to) ? [] : [{ name, from, to }];
  });
}
