import { SaxesParser } from 'saxes';
import { decodeText } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';

const maxBytes = 16 * 1024 * 1024;
const maxDepth = 100;
/** A property may stand for text with properties in it; more rounds than this run in circles. */
const maxRounds = 10;

interface Dependency {
  readonly fields: Map<string, string>;
  readonly managed: boolean;
}

interface Pom {
  /** `project.version`, `parent.groupId` … and the properties, by the name under which `${}` asks for them. */
  readonly properties: Map<string, string>;
  readonly dependencies: Dependency[];
}

/**
 * pom.xml: the dependencies it names with a version of its own, from `dependencyManagement` of the same file or through its
 * properties (POM Reference). Nothing is fetched, so versions that a parent decides and transitive dependencies are not known.
 */
export function extractMavenPom(content: Uint8Array): Extraction {
  if (content.length > maxBytes) throw new ExtractorError('TOO_LARGE', `the file has more than ${maxBytes} bytes`);
  const pom = readPom(decodeText(content));
  const found = new Findings();
  const text = (dependency: Dependency, field: string): string => interpolate(dependency.fields.get(field) ?? '', pom.properties);
  const nameOf = (dependency: Dependency): string => `${text(dependency, 'groupId')}:${text(dependency, 'artifactId')}`;
  const managed = new Map(pom.dependencies.filter((one) => one.managed).map((one) => [nameOf(one), text(one, 'version')]));
  for (const dependency of pom.dependencies) {
    if (dependency.managed) continue;
    const name = nameOf(dependency);
    const version = (text(dependency, 'version') || managed.get(name) || '').replace(/^\[([^,[\]]+)\]$/, '$1');
    if (version === '' || /[[(,${}]/.test(version)) found.problem(0, `${name.slice(0, 200)} has no version in this file`);
    else found.add({ type: 'maven', name, version });
  }
  return found.finish();
}

function readPom(xml: string): Pom {
  const pom: Pom = { properties: new Map(), dependencies: [] };
  const path: string[] = [];
  let text = '';
  const parser = new SaxesParser();
  parser.on('opentag', ({ name }) => {
    path.push(name);
    text = '';
    if (path.length > maxDepth) throw new ExtractorError('TOO_LARGE', `elements nest deeper than ${maxDepth}`);
    const place = path.join('/');
    if (place === 'project/dependencies/dependency') pom.dependencies.push({ fields: new Map(), managed: false });
    if (place === 'project/dependencyManagement/dependencies/dependency')
      pom.dependencies.push({ fields: new Map(), managed: true });
  });
  parser.on('text', (part) => (text += part));
  parser.on('cdata', (part) => (text += part));
  parser.on('closetag', ({ name }) => {
    take(pom, path, name, text.trim());
    path.pop();
    text = '';
  });
  try {
    parser.write(xml).close();
  } catch (cause) {
    if (cause instanceof ExtractorError) throw cause;
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no XML document', { cause });
  }
  return pom;
}

function take(pom: Pom, path: readonly string[], name: string, text: string): void {
  const parent = path.slice(0, -1).join('/');
  if (parent === 'project/properties') pom.properties.set(name, text);
  const isCoordinate = name === 'version' || name === 'groupId' || name === 'artifactId';
  if (isCoordinate && parent === 'project') {
    pom.properties.set(`project.${name}`, text);
    pom.properties.set(`pom.${name}`, text);
  }
  if (isCoordinate && parent === 'project/parent') {
    pom.properties.set(`project.parent.${name}`, text);
    // A project takes from its parent what it does not say itself.
    if (!pom.properties.has(`project.${name}`)) pom.properties.set(`project.${name}`, text);
  }
  if (/^project\/(dependencyManagement\/)?dependencies\/dependency$/.test(parent))
    pom.dependencies.at(-1)?.fields.set(name, text);
}

function interpolate(text: string, properties: ReadonlyMap<string, string>): string {
  let result = text;
  for (let round = 0; round < maxRounds && result.includes('${') && result.length <= 1024; round += 1) {
    result = result.replace(/\$\{([^${}]{1,200})\}/g, (whole, name: string) => properties.get(name.trim()) ?? whole);
  }
  return result;
}
