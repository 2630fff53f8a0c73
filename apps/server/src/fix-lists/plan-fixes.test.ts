import { type AssetContext, combinedRisk, riskScore, riskWeight, usualContext } from '@vedette/matching';
import fc from 'fast-check';
import { RoaringBitmap32 } from 'roaring-wasm';
import { describe, expect, it } from 'vitest';
import { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { topUpgrades } from '../fleet-index/summarize-fleet.ts';
import { VerdictBook } from '../fleet-index/verdict-book.ts';
import { type AssetContexts, usualContexts } from '../risk/asset-contexts.ts';
import { fleetRisk, weigherOn } from '../risk/fleet-risk.ts';
import { type Remainder, whatRemains } from '../fleet-index/what-remains.ts';
import { planAssetFixes } from './plan-asset-fixes.ts';
import { planFleetFixes, type PlannedFix } from './plan-fixes.ts';
import { restartAfter, upgradeCommand } from './upgrade-command.ts';

const sources = ['a', 'b', 'c'];
/** Two binary packages of each source; their numbers are ids. */
const packages = [0, 1, 2, 3, 4, 5];
const sourceOf = (id: number): string => sources[id >> 1] ?? '';

/** Says of package versions in which version of its source a check is fixed; 0 for not yet. */
interface World {
  readonly verdicts: readonly (readonly [id: number, fixed: number, confirmed: boolean])[][];
  readonly assets: readonly number[][];
}

const world: fc.Arbitrary<World> = fc.record({
  verdicts: fc.array(
    fc.uniqueArray(fc.tuple(fc.constantFrom(...packages), fc.integer({ min: 0, max: 3 }), fc.boolean()), {
      selector: ([id]) => id,
      minLength: 1,
      maxLength: 3,
    }),
    { minLength: 1, maxLength: 6 },
  ),
  assets: fc.array(fc.uniqueArray(fc.constantFrom(...packages), { minLength: 1 }), { minLength: 1, maxLength: 4 }),
});

function build({ verdicts, assets }: World): OrganizationIndex {
  const book = new VerdictBook();
  for (const [check, about] of verdicts.entries()) {
    const name = `CVE-${check}`;
    book.enterCheck({ number: check + 1, name, severity: (check % 5) + 1, exploited: check === 2, epss: null, cvss: 7 });
    for (const [id, fixed, confirmed] of about) {
      const upgrade = fixed === 0 ? null : { ecosystem: 'debian', release: 'r', source: sourceOf(id), fixed: `${fixed}` };
      book.enterVerdict({
        packageVersion: id,
        check: check + 1,
        validFrom: 1,
        from: 1,
        until: Infinity,
        confirmed,
        potential: false,
        upgrade,
      });
    }
  }
  const index = new OrganizationIndex(book, 10);
  for (const [number, ids] of assets.entries()) {
    const names = { number, assetId: `${number}`, hostname: `${number}`, agentVersion: null, hasCheckedIn: false };
    const facts = { os: '', ecosystem: 'debian', release: 'r', architecture: '', pendingRestart: false, firstSeen: 2 };
    const asset = index.enterAsset({ ...names, ...facts });
    index.load(asset, { birth: 2, lastChange: 2, steady: ids.toSorted((a, b) => a - b), presences: [] });
  }
  index.judgeFirst(book.checks.keys());
  return index;
}

/** Versions to which sources are upgraded; absent: not at all. */
type Upgrades = Readonly<Record<string, number>>;

/** Checks that stay open on an asset after upgrades, as a person would work it out. */
function openAfter({ verdicts }: World, ids: readonly number[], upgrades: Upgrades): number[] {
  return verdicts.flatMap((about, check) => {
    const left = about.filter(([id, fixed]) => ids.includes(id) && (fixed === 0 || (upgrades[sourceOf(id)] ?? 0) < fixed));
    return left.length > 0 ? [check] : [];
  });
}

/** Every way to upgrade, and of those that leave least open the one that upgrades least. */
function smallest(all: World, ids: readonly number[]): { upgrades: Upgrades; left: number } {
  const ways = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].flatMap((b) => [0, 1, 2, 3].map((c) => ({ a, b, c }))));
  const results = ways.map((upgrades) => ({ upgrades, left: openAfter(all, ids, upgrades).length }));
  const least = Math.min(...results.map(({ left }) => left));
  const cost = ({ a, b, c }: { a: number; b: number; c: number }) => a + b + c;
  return (
    results.filter(({ left }) => left === least).toSorted((one, other) => cost(one.upgrades) - cost(other.upgrades))[0] ?? {
      upgrades: {},
      left: 0,
    }
  );
}

function weightOf(all: World, check: number, ids: readonly number[]): number {
  const isSure = (all.verdicts[check] ?? []).some(([id, , confirmed]) => confirmed && ids.includes(id));
  const facts = { severity: (check % 5) + 1, exploited: check === 2, epss: null, cvss: 7 };
  return riskWeight(riskScore(facts, isSure, usualContext));
}

describe('the fix list of an asset', () => {
  it('is the smallest set of upgrades that leaves least open, of all ways there are', () => {
    fc.assert(
      fc.property(world, (all) => {
        const index = build(all);
        for (const [asset, ids] of all.assets.entries()) {
          const { fixes, detectionsNow, detectionsAfter, weightNow, weightAfter } = planAssetFixes(index, usualContexts, asset);
          const best = smallest(all, ids);
          const planned = Object.fromEntries(
            fixes.map(({ upgrade, versions }) => [upgrade.source, Math.max(...[...versions].map(Number))]),
          );
          expect({ a: 0, b: 0, c: 0, ...planned }).toEqual(best.upgrades);
          expect([detectionsNow, detectionsAfter]).toEqual([openAfter(all, ids, {}).length, best.left]);
          const weights = (checks: number[]) => checks.reduce((sum, check) => sum + weightOf(all, check, ids), 0);
          expect(weightNow).toBeCloseTo(weights(openAfter(all, ids, {})), 0);
          expect(weightAfter).toBeCloseTo(weights(openAfter(all, ids, best.upgrades)), 0);
        }
        index.dispose();
      }),
      { numRuns: 300 },
    );
  });
});

describe('the fix list of a fleet', () => {
  it('says of each upgrade what the list of top upgrades says', () => {
    fc.assert(
      fc.property(world, (all) => {
        const index = build(all);
        const essence = (one: { source: string; detections: number; assets: number; severity: number }) =>
          `${one.source} −${one.detections} on ${one.assets}, severity ${one.severity}`;
        const planned = planFleetFixes(index, usualContexts).map(({ upgrade, ...rest }) => essence({ ...upgrade, ...rest }));
        expect(topUpgrades(index, 10).map(essence).toSorted()).toEqual(planned.toSorted());
        index.dispose();
      }),
      { numRuns: 300 },
    );
  });

  it('counts with each upgrade what goes when it alone is made everywhere, most risk first', () => {
    fc.assert(
      fc.property(world, (all) => {
        const index = build(all);
        const plan = planFleetFixes(index, usualContexts);
        const gone = (source: string) =>
          all.assets.flatMap((ids) => {
            const left = openAfter(all, ids, { [source]: 3 });
            return openAfter(all, ids, {}).flatMap((check) => (left.includes(check) ? [] : [weightOf(all, check, ids)]));
          });
        const expected = sources.flatMap((source) => {
          const weights = gone(source);
          return weights.length === 0 ? [] : [{ source, detections: weights.length, weight: weights.reduce((a, b) => a + b, 0) }];
        });
        expected.sort((a, b) => b.weight - a.weight || (a.source < b.source ? -1 : 1));
        expect(plan.map(({ upgrade, detections, weight }) => ({ source: upgrade.source, detections, weight }))).toEqual(expected);
        index.dispose();
      }),
      { numRuns: 300 },
    );
  });

  it('leaves after all of it what upgrades cannot remove, and its risk', () => {
    fc.assert(
      fc.property(world, (all) => {
        const index = build(all);
        const upgrades = new Set(sources.map((source) => `debian r ${source}`));
        const { now, after } = whatRemains(index, { checks: new Set(), upgrades }, (assets) => weigherOn(usualContexts, assets));
        const sum = (how: Upgrades) =>
          all.assets.reduce(
            (weight, ids) => weight + openAfter(all, ids, how).reduce((own, check) => own + weightOf(all, check, ids), 0),
            0,
          );
        expect(now.weight).toBeCloseTo(sum({}), 0);
        // What only the packages that stay say of a check may make it information.
        expect(after.weight).toBeLessThanOrEqual(sum({ a: 3, b: 3, c: 3 }) + 0.5);
        expect(fleetRisk(index, usualContexts).risk).toBe(combinedRisk(sum({}) / all.assets.length));
        index.dispose();
      }),
      { numRuns: 100 },
    );
  });
});

describe('checks that are alike', () => {
  it('are counted as each would be by itself, whatever is excepted of them and on whichever assets they weigh more', () => {
    const pairs = fc.array(fc.tuple(fc.nat({ max: 11 }), fc.nat({ max: 3 })), { maxLength: 6 });
    fc.assert(
      fc.property(world, pairs, fc.subarray(sources), ({ verdicts, assets }, excepted, upgraded) => {
        // Each check twice: of another severity, and with other upgrades.
        const twins = verdicts.map((about) => about.map(([id, fixed, confirmed]) => [id, 3 - fixed, confirmed] as const));
        const all = { verdicts: [...verdicts, ...twins], assets };
        const index = build(all);
        const isExcepted = (check: number, asset: number) => excepted.some(([one, other]) => one === check && other === asset);
        except(index, isExcepted);
        const weigh = (found: RoaringBitmap32) => weigherOn(contexts, found);
        const { now, after } = whatRemains(
          index,
          { checks: new Set([1]), upgrades: new Set(upgraded.map((source) => `debian r ${source}`)) },
          weigh,
        );
        const open = (without: readonly string[]) =>
          openOneByOne(all, without).filter(({ check, asset }) => !isExcepted(check, asset));
        expect(rounded(now)).toEqual(summed(open([])));
        expect(rounded(after)).toEqual(summed(open(upgraded).filter(({ check }) => check !== 0)));
        const planned = planFleetFixes(index, contexts).map(({ upgrade: { source }, ...fix }) => [source, effectOf(fix)]);
        const expected = sources.flatMap((source) => {
          const left = open([source]);
          const gone = open([]).filter(({ check, asset }) => !left.some((one) => one.check === check && one.asset === asset));
          const { length: detections } = gone;
          const severity = Math.max(...gone.map((one) => one.severity));
          const weight = gone.reduce((sum, one) => sum + one.weight, 0);
          return detections === 0
            ? []
            : [
                [
                  source,
                  effectOf({ detections, severity, weight, assets: new Set(gone.map(({ asset }) => asset)).size }),
                ] as const,
              ];
        });
        expect(Object.fromEntries(planned)).toEqual(Object.fromEntries(expected));
        index.dispose();
      }),
      { numRuns: 300 },
    );
  });
});

/** The first asset is worth more than the others. */
const critical: AssetContext = { criticality: 5, exposure: 'internet' };
const contexts: AssetContexts = {
  classes: [
    { context: critical, assets: new RoaringBitmap32([0]) },
    { context: usualContext, assets: new RoaringBitmap32([1, 2, 3]) },
  ],
  of: (asset) => (asset === 0 ? critical : usualContext),
};

/** Checks by their places, which are their numbers in the world. */
function except(index: OrganizationIndex, isExcepted: (check: number, asset: number) => boolean): void {
  const byPlace = index.checks.flatMap((found, check) => {
    const covered = [...(found?.open.toUint32Array() ?? [])].filter((asset) => isExcepted(check, asset));
    return covered.length > 0 ? [[check, new RoaringBitmap32(covered)] as const] : [];
  });
  index.except({ byPlace: new Map(byPlace), byException: new Map(), counts: null });
}

interface OpenOne {
  readonly check: number;
  readonly asset: number;
  readonly isSure: boolean;
  readonly severity: number;
  readonly weight: number;
}

/** Every detection that is open after upgrades of these sources, as a person would find them. */
function openOneByOne({ verdicts, assets }: World, upgraded: readonly string[]): OpenOne[] {
  return assets.flatMap((ids, asset) =>
    verdicts.flatMap((about, check) => {
      const held = about.filter(([id, fixed]) => ids.includes(id) && (fixed === 0 || !upgraded.includes(sourceOf(id))));
      if (held.length === 0) return [];
      const isSure = held.some(([, , confirmed]) => confirmed);
      const severity = (check % 5) + 1;
      const score = riskScore({ severity, exploited: check === 2, epss: null, cvss: 7 }, isSure, contexts.of(asset));
      return [{ check, asset, isSure, severity: isSure ? severity : 1, weight: riskWeight(score) }];
    }),
  );
}

function summed(found: readonly OpenOne[]): Remainder {
  return rounded({
    open: [1, 2, 3, 4, 5].map((severity) => found.filter((one) => one.severity === severity).length),
    assets: new Set(found.flatMap(({ isSure, asset }) => (isSure ? [asset] : []))).size,
    weight: found.reduce((sum, { weight }) => sum + weight, 0),
  });
}

/** Sums in another order differ in their last bits. */
function rounded({ weight, ...rest }: Remainder): Remainder {
  return { ...rest, weight: Number(weight.toPrecision(9)) };
}

type Effect = Pick<PlannedFix, 'detections' | 'assets' | 'severity' | 'weight'>;

function effectOf({ detections, assets, severity, weight }: Effect): Effect {
  return { detections, assets, severity, weight: Number(weight.toPrecision(9)) };
}

describe('the command of an upgrade', () => {
  it.each([
    ['debian', ['openssl', 'libssl3'], 'apt-get update && apt-get install --only-upgrade libssl3 openssl'],
    ['debian', ['linux-image-6.1.0-9-cloud-amd64'], 'apt-get update && apt-get install linux-image-cloud-amd64'],
    [
      'ubuntu',
      ['linux-image-5.15.0-25-generic', 'curl'],
      'apt-get update && apt-get install --only-upgrade curl && apt-get install linux-image-generic',
    ],
    ['rocky', ['kernel-core'], 'dnf upgrade --refresh kernel-core'],
    ['opensuse', ['zlib'], 'zypper update zlib'],
    ['alpine', ['musl'], 'apk add --update-cache --upgrade musl'],
    ['npm', ['left-pad'], null],
    ['debian', ['evil; rm -rf /', '$(x)', '--help'], null],
  ])('of %s for %j', (ecosystem, names, command) => expect(upgradeCommand(ecosystem, names)).toBe(command));

  it.each([
    [true, ['linux-image-6.1.0-9-amd64'], 'machine'],
    [false, ['libssl3'], 'processes'],
    [false, ['bash'], 'none'],
    [false, ['libreoffice-core'], 'none'],
  ])('wants a restart after a kernel: %s, of %j: %s', (isKernel, names, restart) => {
    expect(restartAfter(isKernel, names)).toBe(restart);
  });
});
