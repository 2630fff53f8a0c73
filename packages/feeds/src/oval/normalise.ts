import { findEcosystem } from '@vedette/ecosystems';
import type { Advisory, Affected, Cvss, VendorState, Vulnerability } from '@vedette/protocol';
import { dayOf, isCveName, isCvssVector, isCwe, isPackageName, isVersion } from '../shared/identifiers.ts';
import { ratingOf } from '../shared/rating.ts';
import { isDebugPackage, isRpmName } from '../shared/rpm-package.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';
import { alternativesOf, type Alternative } from './alternatives.ts';
import type { Definition, OvalDocument } from './document.ts';
import type { OvalVendor } from './vendors.ts';

export interface Reading {
  readonly feed: string;
  readonly vendor: OvalVendor;
  readonly leaveOut: (reason: string) => void;
}

/** The advisory of a definition; null where nothing of it is understood, or it tells of no vulnerability. */
export function advisoryOf(definition: Definition, document: OvalDocument, reading: Reading): Advisory | null {
  // SUSE writes "Mitre CVE-2025-0001" and "SUSE CVE-2025-0001".
  const names = [...definition.references, ...definition.cves].map(({ name }) => name.replace(/^(?:Mitre|SUSE) /, ''));
  const cves = [...new Set(names.filter(isCveName))];
  const id = definition.kind === 'patch' ? erratumOf(definition) : cves.length === 1 ? `${reading.feed}:${cves[0]}` : null;
  if (id === null || cves.length === 0) {
    reading.leaveOut('no vulnerability');
    return null;
  }
  const affected = statementsOf(definition, document, reading);
  if (affected.length === 0) return null;
  const rating = ratingOf(definition.severity);
  return {
    id,
    feed: reading.feed,
    published: dayOf(definition.issued),
    vulnerabilities: cves,
    ...(rating ? { rating } : {}),
    affected,
  };
}

/** The vendor's own name of what it issued: RHSA-2025:0001, ELSA-2025-0001, SUSE-SU-2025:0001-1. */
function erratumOf({ references }: Definition): string | null {
  return references.find(({ source, name }) => !source.endsWith('CVE') && /^[A-Za-z][\w:.-]{3,63}$/.test(name))?.name ?? null;
}

/** What is said of one package of one release and module, by all alternatives together. */
interface Subject {
  readonly about: Omit<Affected, 'status' | 'fixed'>;
  readonly state: VendorState | null;
  /** null among them: whatever the version. */
  readonly below: Set<string | null>;
  readonly architectures: Set<string | null>;
}

function statementsOf(definition: Definition, document: OvalDocument, reading: Reading): Affected[] {
  const unaffected = definition.id.includes('.unaffected:');
  const subjects = new Map<string, Subject>();
  for (const alternative of alternativesOf(definition.criteria, document, reading.vendor)) {
    const reason = noteAlternative(subjects, alternative, unaffected);
    if (reason !== null) reading.leaveOut(reason);
  }
  return [...subjects.values()].flatMap((subject): Affected[] => {
    const { about, below, architectures } = subject;
    if (unaffected) return [{ ...about, status: 'not-affected', fixed: null }];
    // Where architectures have versions of their own, one version for all would be wrong for some.
    if (below.size > 1 && architectures.size > 1) {
      reading.leaveOut('versions that differ by architecture');
      return [];
    }
    if (below.has(null)) {
      const state = subject.state ?? resolutionOf(definition, about.package);
      return [{ ...about, status: 'affected', fixed: null, ...(state ? { vendorState: state } : {}) }];
    }
    return [
      {
        ...about,
        status: 'fixed',
        fixed: highest(
          about.ecosystem,
          [...below].flatMap((one) => one ?? []),
        ),
      },
    ];
  });
}

/** Why the alternative makes no statement; null when it does. */
function noteAlternative(subjects: Map<string, Subject>, one: Alternative, unaffected: boolean): string | null {
  if (one.unknown !== null) return `not understood: ${one.unknown}`;
  if (one.package === null) return null;
  if (one.place === null) return 'not understood: a package of no release';
  // Red Hat states that a package is not affected by criteria that contradict themselves.
  if (one.absent !== null && !(unaffected && one.absent === one.package)) return 'not understood: a package that must be absent';
  if (unaffected && one.absent === null) return 'not understood: a package that is not affected, somehow';
  const { ecosystem, release } = one.place;
  const isDebian = ecosystem === 'ubuntu';
  if (!(isDebian ? isPackageName(one.package) : isRpmName(one.package))) return 'a package name that is none';
  if (isDebian && one.below !== null && !isVersion(one.below)) return 'a version that is none';
  if (isDebugPackage(one.package)) return 'debugging symbols';
  const key = `${ecosystem} ${release} ${one.package} ${one.module ?? ''}`;
  const known = subjects.get(key);
  const subject: Subject = known ?? {
    about: { ecosystem, release, package: one.package, introduced: null, ...(one.module === null ? {} : { module: one.module }) },
    state: one.state,
    below: new Set(),
    architectures: new Set(),
  };
  subjects.set(key, subject);
  subject.below.add(one.below);
  subject.architectures.add(one.architecture);
  return null;
}

/** Below one or below the other is below the higher. */
function highest(ecosystem: string, versions: readonly string[]): string {
  const compare = findEcosystem(ecosystem)?.compareVersions ?? (() => 0);
  return versions.reduce((best, next) => (compare(next, best) > 0 ? next : best));
}

const states: ReadonlyMap<string, VendorState> = new Map<string, VendorState>([
  ['will not fix', 'ignored'],
  ['out of support scope', 'end-of-life'],
  ['fix deferred', 'postponed'],
  ['under investigation', 'undetermined'],
]);

/** Red Hat names the packages of each state where there are several; a package of a module with the module in front. */
function resolutionOf({ resolutions }: Definition, name: string): VendorState | null {
  const said = resolutions.find(({ components }) => components.some((one) => one === name || one.endsWith(`/${name}`)));
  const resolution = said ?? (resolutions.length === 1 && resolutions[0]?.components.length === 0 ? resolutions[0] : undefined);
  return states.get((resolution?.state ?? '').toLowerCase()) ?? null;
}

/** Scores and weaknesses that the definition gives its CVEs: `7.0/CVSS:3.1/AV:L/…`. */
export function factsOf(definition: Definition, source: string): Vulnerability[] {
  return definition.cves.flatMap(({ name, cvss3, cwe }) => {
    if (!isCveName(name)) return [];
    const [, score = '', vector = '', version] = /^(\d{1,2}(?:\.\d)?)\/(CVSS:(3\.[01])\/[A-Za-z:/]{1,200})$/.exec(cvss3) ?? [];
    const isScore = (version === '3.0' || version === '3.1') && isCvssVector(version, vector) && Number(score) <= 10;
    const cvss: Cvss[] = isScore ? [{ version, vector, score: Number(score), source }] : [];
    // A chain of weaknesses ("CWE-120->CWE-787") begins with the cause.
    const weakness = cwe.split(/[^A-Z0-9-]|->/, 1)[0] ?? '';
    if (cvss.length === 0 && !isCwe(weakness)) return [];
    return [{ ...emptyVulnerability(name), cvss, cwe: isCwe(weakness) ? [weakness] : [] }];
  });
}
