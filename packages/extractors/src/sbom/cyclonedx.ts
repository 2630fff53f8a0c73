import { decodeJson, fieldOf, recordsOf, textOf, type OutsideRecord } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { parsePurl, purlPackage, type PurlHints } from '../purl.ts';

const maxDepth = 50;

/**
 * A CycloneDX BOM in JSON (ECMA-424; 1.2 to 1.7): every component with a package URL, nested ones too. The component of type
 * `operating-system` names the distribution that packages without one of their own belong to.
 */
export function extractCycloneDx(content: Uint8Array): Extraction {
  const document = decodeJson(content);
  if (textOf(document, 'bomFormat') !== 'CycloneDX')
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no CycloneDX document');
  // What the BOM is about may be described down to its parts.
  const ofSubject = fieldOf(fieldOf(fieldOf(document, 'metadata'), 'component'), 'components');
  return extractComponents(fieldOf(document, 'components'), ofSubject);
}

/** The packages of lists of components, as the JSON format has them. Throws ExtractorError TOO_LARGE. */
export function extractComponents(...lists: readonly unknown[]): Extraction {
  const found = new Findings();
  for (const components of lists) addComponents(found, components, 0);
  return found.finish();
}

function addComponents(found: Findings, components: unknown, depth: number): void {
  if (depth > maxDepth) throw new ExtractorError('TOO_LARGE', `components nest deeper than ${maxDepth}`);
  for (const component of recordsOf(components)) {
    if (textOf(component, 'type') === 'operating-system') {
      const id = property(component, 'syft:distro:id') || textOf(component, 'name').toLowerCase();
      const versionId = property(component, 'syft:distro:versionID') || textOf(component, 'version');
      found.distribution ??= { id, versionId, codename: '' };
    } else {
      addComponent(found, component);
    }
    addComponents(found, fieldOf(component, 'components'), depth + 1);
  }
}

function addComponent(found: Findings, component: OutsideRecord): void {
  const text = textOf(component, 'purl');
  if (text === '') {
    if (textOf(component, 'type') === 'library')
      found.problem(0, `${textOf(component, 'name').slice(0, 100)} has no package URL`);
    return;
  }
  const purl = parsePurl(text);
  const pkg = purl && purlPackage(purl, hintsOf(component));
  if (pkg) found.add(pkg);
  else found.problem(0, purl ? `packages of type ${purl.type} are not known here` : 'a package URL that is none');
}

/** Trivy writes the source package into properties of its own. */
function hintsOf(component: OutsideRecord): PurlHints {
  const source = property(component, 'aquasecurity:trivy:SrcName');
  const [epoch, version, release] = ['SrcEpoch', 'SrcVersion', 'SrcRelease'].map((name) =>
    property(component, `aquasecurity:trivy:${name}`),
  );
  const sourceVersion = version ? `${epoch && epoch !== '0' ? `${epoch}:` : ''}${version}${release ? `-${release}` : ''}` : '';
  return { version: textOf(component, 'version'), source, sourceVersion };
}

function property(component: OutsideRecord, name: string): string {
  const found = recordsOf(component['properties']).find((one) => one['name'] === name);
  return textOf(found, 'value');
}
