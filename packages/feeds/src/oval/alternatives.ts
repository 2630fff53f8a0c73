import type { VendorState } from '@vedette/protocol';
import { moduleStream, rpmVersion } from '../shared/rpm-package.ts';
import type { EcosystemRelease } from '../shared/suse-product.ts';
import type { Criteria, Criterion, OvalDocument, State, Test } from './document.ts';
import type { OvalVendor } from './vendors.ts';

/** One way in which a definition's criteria are true: that a package of a release is below a version, or there at all. */
export interface Alternative {
  readonly place: EcosystemRelease | null;
  readonly package: string | null;
  /** Below it; null: whatever the version. */
  readonly below: string | null;
  /** The package is asked to be absent: true of nothing that could be judged. */
  readonly absent: string | null;
  readonly module: string | null;
  readonly architecture: string | null;
  readonly state: VendorState | null;
  /** Why it cannot be told when it is true. */
  readonly unknown: string | null;
}

const always: Alternative = {
  place: null,
  package: null,
  below: null,
  absent: null,
  module: null,
  architecture: null,
  state: null,
  unknown: null,
};

/** More ways than any real definition has; such a one counts as not understood. */
const maxAlternatives = 50_000;

/**
 * All alternatives of a definition's criteria: `OR` puts them beside each other, `AND` joins each with each. Each of them is enough
 * on its own, so that one that is not understood takes nothing away from the others.
 */
export function alternativesOf(node: Criteria | Criterion, document: OvalDocument, vendor: OvalVendor): readonly Alternative[] {
  if (!('nodes' in node)) return criterionAlternatives(node, document, vendor);
  if (node.negate || (node.operator !== 'AND' && node.operator !== 'OR'))
    return [{ ...always, unknown: 'a negated or exclusive criteria' }];
  const parts = node.nodes.map((child) => alternativesOf(child, document, vendor));
  if (node.operator === 'OR') return distinct(parts.flat());
  let joined: readonly Alternative[] = [always];
  for (const part of parts) {
    if (joined.length * part.length > maxAlternatives)
      return [{ ...always, unknown: 'more combinations than any real definition has' }];
    joined = distinct(joined.flatMap((one) => part.flatMap((other) => join(one, other) ?? [])));
  }
  return joined;
}

/** Dozens of products are one release, and thousands of builds have one version. */
function distinct(alternatives: readonly Alternative[]): readonly Alternative[] {
  if (alternatives.length < 2) return alternatives;
  return [...new Map(alternatives.map((one) => [JSON.stringify(Object.values(one)), one])).values()];
}

/** Both at once; null where that is never true. */
function join(a: Alternative, b: Alternative): Alternative | null {
  if (differ(a.place?.release, b.place?.release) || differ(a.place?.ecosystem, b.place?.ecosystem)) return null;
  if (differ(a.architecture, b.architecture)) return null;
  const isSeveral = differ(a.package, b.package) || differ(a.below, b.below) || differ(a.module, b.module);
  const isTwiceAbsent = a.absent !== null && b.absent !== null;
  return {
    place: a.place ?? b.place,
    package: a.package ?? b.package,
    below: a.below ?? b.below,
    absent: a.absent ?? b.absent,
    module: a.module ?? b.module,
    architecture: a.architecture ?? b.architecture,
    state: a.state ?? b.state,
    unknown: a.unknown ?? b.unknown ?? (isSeveral || isTwiceAbsent ? 'several packages or modules at once' : null),
  };
}

/** Both say something, and not the same. */
function differ(a: string | null | undefined, b: string | null | undefined): boolean {
  return (a ?? null) !== null && (b ?? null) !== null && a !== b;
}

function criterionAlternatives(node: Criterion, document: OvalDocument, vendor: OvalVendor): readonly Alternative[] {
  const { comment } = node;
  const place = vendor.releaseIn(comment);
  if (place === 'other') return [];
  const test = document.tests.get(node.test ?? '');
  // What is negated is true where the package is not as described: nothing is said of any that is there.
  if (node.negate) return [];
  if (place) return [{ ...always, place }];
  const architecture = /^.{1,60} (?:arch )?is (x86_64|aarch64|noarch|i[3-6]86|ppc64le|ppc64|s390x|ia64|sparc64)$/.exec(
    comment,
  )?.[1];
  if (architecture !== undefined) return [{ ...always, architecture }];
  return test ? packageAlternatives(comment, test, document, vendor) : otherAlternatives(comment);
}

/** Of what lies in files: modules that are enabled, and which kernel runs or will. Kernels are judged by what runs elsewhere. */
function otherAlternatives(comment: string): readonly Alternative[] {
  if (/ is currently running$| is set to boot up on next boot$|^kernel .{0,80} running$/.test(comment)) return [always];
  const module = moduleStream(/^Module (\S{3,260}) is enabled$/.exec(comment)?.[1] ?? '');
  return [module === null ? { ...always, unknown: 'a test that is not of packages' } : { ...always, module }];
}

function packageAlternatives(comment: string, test: Test, document: OvalDocument, vendor: OvalVendor): readonly Alternative[] {
  const named = document.objects.get(test.object) ?? '';
  const name = vendor.packageIn ? vendor.packageIn(comment) : named;
  if (name === null || name === '') return [{ ...always, unknown: 'a package that is not named' }];
  if (test.existence === 'none_exist') return [{ ...always, absent: name }];
  if (test.check === 'none satisfy' || test.existence !== 'at_least_one_exists' || test.states.length > 1) {
    return [{ ...always, unknown: 'a test that asks for more than a version' }];
  }
  const about = { ...always, package: name, state: vendor.stateIn?.(comment) ?? null };
  const [reference] = test.states;
  if (reference === undefined) return [about];
  const state = document.states.get(reference);
  if (!state || state.hasMore) return [{ ...always, unknown: 'a state that is not of versions' }];
  return stateAlternatives(about, state, test, vendor);
}

function stateAlternatives(about: Alternative, state: State, test: Test, vendor: OvalVendor): readonly Alternative[] {
  // The key it is signed with, or the architecture alone.
  if (state.evr === null) return [{ ...always, architecture: oneArchitecture(state) }];
  const { operation, value } = state.evr;
  // SUSE's way to say that any version is affected, and that none is.
  if (operation === 'greater than' && /^0:0-0$/.test(value)) return [about];
  if (operation === 'equals' && /^0:0-0$/.test(value)) return [];
  const [, epoch = '', rest = ''] = /^(?:(\d{1,9}):)?(.*)$/.exec(value) ?? [];
  const below = test.kind === 'dpkginfo_test' ? (/^0*$/.test(epoch) ? rest : value) : rpmVersion(epoch, rest);
  if (operation !== 'less than' || below === null) return [{ ...always, unknown: `a version with "${operation}"` }];
  if (vendor.isOtherBuild?.(below)) return [{ ...always, unknown: 'another build of the package' }];
  return [{ ...about, below, architecture: oneArchitecture(state) }];
}

/** A list of all architectures there are narrows nothing; a single one does. */
function oneArchitecture({ architecture }: State): string | null {
  return architecture === null || architecture.includes('|') || architecture === '' ? null : architecture;
}
