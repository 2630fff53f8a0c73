import type { Distribution, FoundPackage, PackageType } from './extraction.ts';
import { packageTypes } from './extraction.ts';

/** A package URL in its parts, decoded. */
export interface Purl {
  readonly type: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly qualifiers: ReadonlyMap<string, string>;
}

const maxChars = 4096;

/** Packages of distributions, whose meaning depends on the release. */
export const osTypes: ReadonlySet<PackageType> = new Set(['deb', 'rpm', 'apk', 'alpm']);

/** Parses a package URL (purl specification, "How to parse a purl string"); null for a text that is none. */
export function parsePurl(text: string): Purl | null {
  if (text.length > maxChars || !/^pkg:/i.test(text)) return null;
  const rest = text.slice('pkg:'.length).split('#', 1)[0] ?? '';
  const question = rest.indexOf('?');
  const path = (question < 0 ? rest : rest.slice(0, question)).replace(/^\/+/, '');
  const slash = path.indexOf('/');
  // npm scopes are written `%40scope`, so the last @ belongs to the version; one right behind a slash is a bare scope.
  const at = path.lastIndexOf('@');
  const hasVersion = at > slash + 1 && path[at - 1] !== '/';
  const named = hasVersion ? path.slice(slash + 1, at) : path.slice(slash + 1);
  const segments = named.split('/').filter((segment) => segment !== '');
  const name = decode(segments.at(-1) ?? '');
  const type = path.slice(0, Math.max(slash, 0)).toLowerCase();
  const version = hasVersion ? decode(path.slice(at + 1)) : '';
  const namespace = segments.slice(0, -1).map(decode);
  if (!/^[a-z][a-z0-9.+-]*$/.test(type) || !name || version === null || namespace.includes(null)) return null;
  return {
    type,
    namespace: namespace.join('/'),
    name,
    version,
    qualifiers: readQualifiers(question < 0 ? '' : rest.slice(question + 1)),
  };
}

function readQualifiers(text: string): Map<string, string> {
  const qualifiers = new Map<string, string>();
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    const value = equals > 0 ? decode(pair.slice(equals + 1)) : null;
    if (value) qualifiers.set(pair.slice(0, equals).toLowerCase(), value);
  }
  return qualifiers;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // a stray percent sign
  }
}

/** What an SBOM says of a component beside its purl; texts may be empty. */
export interface PurlHints {
  readonly version?: string;
  readonly source?: string;
  readonly sourceVersion?: string;
}

/**
 * The package that a purl means, in the words of its package manager; null for a type that no advisories are read for.
 * `upstream` (source package, with or without @version), `epoch`, `arch` and `distro` are the qualifiers in use for
 * distribution packages.
 */
export function purlPackage(
  purl: Purl,
  hints: PurlHints = {},
): (Pick<FoundPackage, 'type' | 'name' | 'version'> & Partial<FoundPackage>) | null {
  const type = packageTypes.find((known) => known === purl.type);
  if (type === undefined) return null;
  const version = purl.version || hints.version || '';
  const name = fullName(type, purl);
  if (!osTypes.has(type)) return { type, name, version };
  const qualifier = (key: string): string => purl.qualifiers.get(key) ?? '';
  const upstream = splitAt(qualifier('upstream'));
  const [source, sourceVersion] = upstream[0] === '' ? [hints.source ?? '', hints.sourceVersion ?? ''] : upstream;
  return {
    type,
    name,
    version: withEpoch(version, qualifier('epoch')),
    architecture: qualifier('arch'),
    // Some name the file of the source rpm.
    source: source.replace(/-[^-]+-[^-]+\.src\.rpm$/, ''),
    sourceVersion,
    isSourceKnown: source !== '',
    module: qualifier('rpmmod') || qualifier('modularitylabel'),
    distribution: readDistribution(purl),
  };
}

function withEpoch(version: string, epoch: string): string {
  return /^[1-9]\d{0,9}$/.test(epoch) && !/^\d+:/.test(version) ? `${epoch}:${version}` : version;
}

function splitAt(text: string): [string, string] {
  const at = text.lastIndexOf('@');
  return at <= 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function fullName(type: PackageType, { namespace, name }: Purl): string {
  if (type === 'pypi') return pypiName(name);
  const full = namespace === '' || !namespaced.has(type) ? name : `${namespace}${type === 'maven' ? ':' : '/'}${name}`;
  return type === 'composer' ? full.toLowerCase() : full;
}

/** Types whose namespace is part of the name; of the others it is the vendor. */
const namespaced: ReadonlySet<PackageType> = new Set(['maven', 'npm', 'golang', 'swift', 'hex', 'composer']);

/** The normal form of a Python package's name (PyPA specification "Names and normalization"). */
export function pypiName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** `distro=debian-12`, `alpine-3.19.1`, or a bare code name beside the vendor in the namespace: `pkg:deb/debian/…?distro=bookworm`. */
function readDistribution({ namespace, qualifiers }: Purl): Distribution | null {
  const distro = qualifiers.get('distro') ?? '';
  const id = namespace.toLowerCase();
  const numbered = /^([a-z][a-z0-9_-]*)-v?(\d[\w.]*)$/i.exec(distro);
  // The namespace is the vendor, who may have several distributions: pkg:rpm/suse/…?distro=sles-15.5.
  if (numbered) return { id: (numbered[1] ?? '').toLowerCase(), versionId: numbered[2] ?? '', codename: '' };
  if (id === '') return null;
  return /^\d/.test(distro) ? { id, versionId: distro, codename: '' } : { id, versionId: '', codename: distro };
}

/** The package URL of a package; distributions go into namespace and `distro`, as the specification's examples have it. */
export function formatPurl(found: FoundPackage, distribution: Distribution | null = found.distribution): string {
  const vendor = osTypes.has(found.type) ? distribution : null;
  const path = found.type === 'maven' ? found.name.replace(':', '/') : found.name;
  const epoch = found.type === 'rpm' ? (/^(\d+):/.exec(found.version)?.[1] ?? '') : '';
  const version = epoch === '' ? found.version : found.version.slice(epoch.length + 1);
  const segments = [...(vendor?.id ? [vendor.id] : []), ...path.split('/')].map(encode).join('/');
  const qualifiers = [
    ['arch', found.architecture],
    ['distro', distroOf(vendor)],
    ['epoch', epoch],
    ['rpmmod', found.module],
    ['upstream', upstreamOf(found)],
  ].flatMap(([key, value]) => (value ? [`${key}=${encode(value)}`] : []));
  return `pkg:${found.type}/${segments}@${encode(version)}${qualifiers.length > 0 ? `?${qualifiers.join('&')}` : ''}`;
}

/** The source package, which advisories of some distributions speak of; nothing where it is the package itself. */
function upstreamOf({ type, name, version, source, sourceVersion }: FoundPackage): string {
  if (!osTypes.has(type) || (source === name && sourceVersion === version)) return '';
  return sourceVersion === version ? source : `${source}@${sourceVersion}`;
}

function distroOf(vendor: Distribution | null): string {
  const release = vendor?.versionId || vendor?.codename || '';
  return vendor && release !== '' ? `${vendor.id}-${release}` : '';
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':');
}
