import type { FeedFile } from '../feed.ts';
import { childOf, descendants, xmlElements, type XmlElement } from '../shared/feed-xml.ts';

/** A node of a definition's criteria: `criteria` of several, or a `criterion` or `extend_definition` with a test. */
export interface Criteria {
  readonly operator: string;
  readonly negate: boolean;
  readonly nodes: readonly (Criteria | Criterion)[];
}
export interface Criterion {
  readonly comment: string;
  readonly test: string | null;
  readonly negate: boolean;
}

export interface Definition {
  readonly id: string;
  /** patch, vulnerability, inventory … */
  readonly kind: string;
  /** Names in its references, with whose names they are: `CVE`, `RHSA`, `SUSE-SU`, `elsa`, `USN`. */
  readonly references: readonly { readonly source: string; readonly name: string }[];
  readonly severity: string;
  readonly issued: string;
  /** Scores and weaknesses of single CVEs: Red Hat writes them as attributes. */
  readonly cves: readonly { readonly name: string; readonly cvss3: string; readonly cwe: string }[];
  /** What was decided of flaws without a fix, with the packages it is said of. */
  readonly resolutions: readonly { readonly state: string; readonly components: readonly string[] }[];
  readonly criteria: Criteria;
}

/** A test of packages (OVAL 5.11). */
export interface Test {
  readonly kind: string;
  readonly check: string;
  readonly existence: string;
  readonly object: string;
  readonly states: readonly string[];
}

export interface State {
  readonly evr: { readonly operation: string; readonly value: string } | null;
  readonly architecture: string | null;
  /** Whether it asks for anything else than version, architecture or key. */
  readonly hasMore: boolean;
}

/** What an OVAL file defines, by id. */
export interface OvalDocument {
  readonly definitions: readonly Definition[];
  readonly tests: ReadonlyMap<string, Test>;
  /** Names of packages. */
  readonly objects: ReadonlyMap<string, string>;
  readonly states: ReadonlyMap<string, State>;
}

const packageTests = ['rpminfo_test', 'dpkginfo_test'];
const objects = ['rpminfo_object', 'dpkginfo_object'];
const states = ['rpminfo_state', 'dpkginfo_state'];
const names: ReadonlySet<string> = new Set(['definition', ...packageTests, ...objects, ...states]);

/**
 * Reads an OVAL file (oval-definitions-schema 5.x) element by element. Descriptions and other prose are let go of at once. Throws FeedError.
 */
export function readOval(file: FeedFile, maxBytes: number): OvalDocument {
  const document = {
    definitions: [] as Definition[],
    tests: new Map<string, Test>(),
    objects: new Map<string, string>(),
    states: new Map<string, State>(),
  };
  for (const element of xmlElements(file, { maxBytes, root: 'oval_definitions', names })) {
    const id = element.attributes.get('id') ?? '';
    if (element.name === 'definition') document.definitions.push(definitionOf(id, element));
    else if (element.name.endsWith('_test')) document.tests.set(id, testOf(element));
    else if (element.name.endsWith('_object')) document.objects.set(id, childOf(element, 'name')?.text ?? '');
    else document.states.set(id, stateOf(element));
  }
  return document;
}

function definitionOf(id: string, element: XmlElement): Definition {
  const attribute = (one: XmlElement | undefined, name: string): string => one?.attributes.get(name) ?? '';
  const metadata = childOf(element, 'metadata') ?? element;
  const advisory = childOf(metadata, 'advisory');
  return {
    id,
    kind: attribute(element, 'class'),
    references: [...descendants(metadata, 'reference')].map((one) => ({
      source: attribute(one, 'source'),
      name: attribute(one, 'ref_id'),
    })),
    severity: (advisory && childOf(advisory, 'severity'))?.text ?? '',
    issued: attribute(advisory && childOf(advisory, 'issued'), 'date'),
    cves: [...(advisory ? descendants(advisory, 'cve') : [])].map((one) => ({
      name: one.text,
      cvss3: attribute(one, 'cvss3'),
      cwe: attribute(one, 'cwe'),
    })),
    resolutions: [...(advisory ? descendants(advisory, 'resolution') : [])].map((one) => ({
      state: attribute(one, 'state'),
      components: one.children.map((component) => component.text),
    })),
    criteria: criteriaOf(childOf(element, 'criteria')),
  };
}

const empty: Criteria = { operator: 'OR', negate: false, nodes: [] };

function criteriaOf(element: XmlElement | undefined): Criteria {
  if (!element) return empty;
  return {
    operator: element.attributes.get('operator') ?? 'AND',
    negate: element.attributes.get('negate') === 'true',
    nodes: element.children.map((child) => {
      if (child.name === 'criteria') return criteriaOf(child);
      return {
        comment: child.attributes.get('comment') ?? '',
        test: child.attributes.get('test_ref') ?? null,
        negate: child.attributes.get('negate') === 'true',
      };
    }),
  };
}

function testOf(element: XmlElement): Test {
  return {
    kind: element.name,
    check: element.attributes.get('check') ?? '',
    existence: element.attributes.get('check_existence') ?? 'at_least_one_exists',
    object: childOf(element, 'object')?.attributes.get('object_ref') ?? '',
    states: element.children.filter(({ name }) => name === 'state').map((one) => one.attributes.get('state_ref') ?? ''),
  };
}

const understood: ReadonlySet<string> = new Set(['evr', 'arch', 'signature_keyid']);

function stateOf(element: XmlElement): State {
  const evr = childOf(element, 'evr');
  return {
    evr: evr ? { operation: evr.attributes.get('operation') ?? 'equals', value: evr.text } : null,
    architecture: childOf(element, 'arch')?.text ?? null,
    hasMore: element.children.some(({ name }) => !understood.has(name)),
  };
}
