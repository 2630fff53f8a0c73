import { findEcosystem } from '@vedette/ecosystems';
import type { Advisory, Affected, Cvss, Severity, VendorState, Vulnerability } from '@vedette/protocol';
import { dayOf, isCveName, isCvssVector, isCwe, modifiedOn } from '../shared/identifiers.ts';
import { ratingOf } from '../shared/rating.ts';
import { isDebugPackage } from '../shared/rpm-package.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';
import type { ProductLookup } from './product-tree.ts';
import type { CsafDocument, CsafVulnerability, ProductStatus } from './schema.ts';
import type { CsafVendor } from './vendors.ts';

/** What a document brings. */
export interface Normalised {
  readonly advisories: readonly Advisory[];
  readonly vulnerabilities: readonly Vulnerability[];
}

export interface Reading {
  readonly feed: string;
  readonly vendor: CsafVendor;
  readonly lookup: ProductLookup;
  readonly leaveOut: (reason: string) => void;
}

/**
 * A VEX document speaks of one vulnerability and becomes one advisory under its name. A security advisory fixes several: it stays one
 * advisory where all were fixed in the same packages, and becomes one for each where they differ, so that no CVE is said of a
 * package it was never in.
 */
export function normalise({ document, product_tree: tree, vulnerabilities }: CsafDocument, reading: Reading): Normalised {
  const groups = new Map((tree?.product_groups ?? []).map((group) => [group.group_id, group.product_ids]));
  const named = vulnerabilities.flatMap((one) => {
    if (!isCveName(one.cve ?? '')) reading.leaveOut('a vulnerability without a CVE');
    return isCveName(one.cve ?? '') ? [{ ...one, cve: one.cve ?? '', affected: statementsOf(one, groups, reading) }] : [];
  });
  const byStatements = new Map<string, typeof named>();
  for (const one of named) {
    if (one.affected.length === 0) continue;
    const key = JSON.stringify(one.affected);
    byStatements.set(key, [...(byStatements.get(key) ?? []), one]);
  }
  const published = dayOf(document.tracking.initial_release_date);
  const isVex = document.category === 'csaf_vex';
  const advisories = [...byStatements.values()].map((same): Advisory => {
    const rating = ratingIn(same) ?? ratingOf(document.aggregate_severity?.text ?? '');
    const whole = byStatements.size === 1 ? document.tracking.id : `${document.tracking.id}:${same[0]?.cve}`;
    return {
      id: isVex ? `${reading.feed}:${same[0]?.cve}` : whole,
      feed: reading.feed,
      published: (isVex ? dayOf(same[0]?.release_date ?? '') : null) ?? published,
      ...modifiedOn(document.tracking.current_release_date),
      vulnerabilities: same.map((one) => one.cve),
      ...(rating ? { rating } : {}),
      affected: same[0]?.affected ?? [],
    };
  });
  return { advisories, vulnerabilities: named.flatMap((one) => factsOf(one.cve, one, reading.vendor.name) ?? []) };
}

/** The highest that the vendor gives the flaw in any product. */
function ratingIn(vulnerabilities: readonly CsafVulnerability[]): Severity | null {
  const words = vulnerabilities.flatMap((one) => one.threats.filter((threat) => threat.category === 'impact'));
  return words.reduce<Severity | null>((highest, { details }) => {
    const rating = ratingOf((details ?? '').slice(0, 64));
    return rating !== null && (highest === null || rating > highest) ? rating : highest;
  }, null);
}

type Kind = 'fixed' | 'affected' | 'investigated' | 'not-affected';

/** What is said of one package of one release and module; `kind` is the strongest, `versions` those that have the fix. */
interface Subject {
  readonly about: Omit<Affected, 'status' | 'fixed'>;
  kind: Kind;
  readonly versions: string[];
  readonly productIds: string[];
}

const strength: readonly Kind[] = ['not-affected', 'investigated', 'affected', 'fixed'];

function kindsOf(status: ProductStatus): readonly (readonly [Kind, readonly string[]])[] {
  return [
    // SUSE calls the version with the fix "recommended".
    ['fixed', [...status.fixed, ...status.first_fixed, ...status.recommended]],
    ['affected', [...status.known_affected, ...status.first_affected, ...status.last_affected]],
    ['investigated', status.under_investigation],
    ['not-affected', status.known_not_affected],
  ];
}

/**
 * One statement for each package, release and module. Of several fixed versions the lowest is the first that has the fix (`fixed`
 * means "contains a fix"). Source packages do not count where versions are compared: the packages built of them have other versions.
 */
function statementsOf(one: CsafVulnerability, groups: ReadonlyMap<string, readonly string[]>, reading: Reading): Affected[] {
  const subjects = new Map<string, Subject>();
  for (const [kind, productIds] of one.product_status ? kindsOf(one.product_status) : []) {
    for (const productId of productIds) noteProduct(subjects, kind, productId, reading);
  }
  const states = vendorStates(one, groups);
  return [...subjects.values()].flatMap((subject): Affected[] => {
    const { about, kind, versions } = subject;
    if (kind === 'fixed') return [{ ...about, status: 'fixed', fixed: lowest(versions) }];
    if (kind === 'not-affected') return [{ ...about, status: 'not-affected', fixed: null }];
    const state = kind === 'investigated' ? 'undetermined' : stateOf(subject.productIds, states);
    return [{ ...about, status: 'affected', fixed: null, ...(state ? { vendorState: state } : {}) }];
  });
}

function noteProduct(subjects: Map<string, Subject>, kind: Kind, productId: string, reading: Reading): void {
  const found = reading.lookup(productId);
  if (!found) return reading.leaveOut('no rpm of a product: a container, or a product as a whole');
  const { name, version, architecture, module } = found.package;
  const place = reading.vendor.releaseOf(found.platform);
  if (!place) return reading.leaveOut('another product, or a service for an older minor version');
  if (isDebugPackage(name)) return reading.leaveOut('debugging symbols');
  // A version that is not affected says nothing of others, and one with the fix must be compared.
  if (kind === 'fixed' ? version === null || architecture === 'src' : kind === 'not-affected' && version !== null) {
    return reading.leaveOut(kind === 'fixed' ? 'a source package, or a fix without a version' : 'a version that is not affected');
  }
  const key = `${place.ecosystem} ${place.release} ${name} ${module ?? ''}`;
  const about = { ...place, package: name, introduced: null, ...(module === null ? {} : { module }) };
  const subject: Subject = subjects.get(key) ?? { about, kind, versions: [], productIds: [] };
  subjects.set(key, subject);
  if (strength.indexOf(kind) > strength.indexOf(subject.kind)) subject.kind = kind;
  if (kind === 'fixed' && version !== null) subject.versions.push(version);
  if (kind === 'affected') subject.productIds.push(productId);
}

function lowest(versions: readonly string[]): string {
  const compare = findEcosystem('rpm')?.compareVersions ?? (() => 0);
  return versions.reduce((best, next) => (compare(next, best) < 0 ? next : best));
}

/** By product: what the vendor decided about a flaw it has not fixed. */
function vendorStates(one: CsafVulnerability, groups: ReadonlyMap<string, readonly string[]>): Map<string, VendorState> {
  const states = new Map<string, VendorState>();
  for (const { category, details, product_ids: products, group_ids: groupIds } of one.remediations) {
    const state = decided(category, details ?? '');
    if (state === null) continue;
    for (const id of [...products, ...groupIds.flatMap((group) => groups.get(group) ?? [])]) states.set(id, state);
  }
  return states;
}

/** The words are those of Red Hat's states: "Will not fix", "Out of support scope", "Fix deferred", "Affected". */
function decided(category: string, details: string): VendorState | null {
  if (category === 'no_fix_planned') return /^out of support/i.test(details) ? 'end-of-life' : 'ignored';
  return category === 'none_available' && /^fix deferred/i.test(details) ? 'postponed' : null;
}

/** A state counts where it is said of all the products that the statement is made of. */
function stateOf(productIds: readonly string[], states: ReadonlyMap<string, VendorState>): VendorState | null {
  const said = new Set(productIds.map((id) => states.get(id) ?? null));
  const [state = null] = said;
  return said.size === 1 ? state : null;
}

function factsOf(cve: string, one: CsafVulnerability, source: string): Vulnerability | null {
  const cvss = new Map<string, Cvss>();
  for (const { cvss_v2: v2, cvss_v3: v3, cvss_v4: v4 } of one.scores) {
    for (const score of [v2, v3, v4]) {
      const version = score?.version;
      if (version !== '2.0' && version !== '3.0' && version !== '3.1' && version !== '4.0') continue;
      if (!score || !isCvssVector(version, score.vectorString)) continue;
      const known = cvss.get(version);
      // Of several products the worst case.
      if (known && known.score >= score.baseScore) continue;
      cvss.set(version, { version, vector: score.vectorString, score: score.baseScore, source });
    }
  }
  const cwe = isCwe(one.cwe?.id ?? '') ? [one.cwe?.id ?? ''] : [];
  return cvss.size === 0 && cwe.length === 0 ? null : { ...emptyVulnerability(cve), cvss: [...cvss.values()], cwe };
}
