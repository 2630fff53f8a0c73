/** What of an installed package its package URL says. */
export interface PurlParts {
  readonly ecosystem: string;
  readonly release: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** Type and namespace of the package URL specification by ecosystem; of a language's registry the type is the ecosystem. */
const types = new Map<string, string>([
  ...['debian', 'ubuntu'].map((name) => [name, `deb/${name}`] as const),
  ...['alpine', 'wolfi', 'chainguard'].map((name) => [name, `apk/${name}`] as const),
  ...['almalinux', 'rocky', 'redhat', 'oracle', 'fedora', 'suse', 'opensuse', 'amazon', 'photon', 'azurelinux', 'openeuler'].map(
    (name) => [name, `rpm/${name}`] as const,
  ),
  ['rubygems', 'gem'],
  ['crates', 'cargo'],
  ['packagist', 'composer'],
  ['go', 'golang'],
]);

/** The package URL of an installed package; with no version, of all of them. */
export function packagePurl({ ecosystem, release, name, version, architecture }: PurlParts): string {
  const qualifiers = [
    ...(architecture === '' ? [] : [`arch=${encode(architecture)}`]),
    ...(release === '' ? [] : [`distro=${encode(release)}`]),
  ];
  const path = `pkg:${types.get(ecosystem) ?? ecosystem}/${name.split('/').map(encode).join('/')}`;
  return `${path}${version === '' ? '' : `@${encode(version)}`}${qualifiers.length > 0 ? `?${qualifiers.join('&')}` : ''}`;
}

/** Whether a package URL names a package: without version or qualifiers it means all of them. False for text that is none. */
export function purlNames(text: string, part: PurlParts): boolean {
  const [path = '', query = ''] = text.split('#', 1)[0]?.split('?', 2) ?? [];
  const at = path.lastIndexOf('@');
  const versionAt = at > path.lastIndexOf('/') ? at : -1;
  const named = decode(versionAt < 0 ? path : path.slice(0, versionAt));
  const version = versionAt < 0 ? null : decode(path.slice(versionAt + 1));
  const mine = decode(packagePurl({ ...part, version: '', architecture: '', release: '' }));
  if (named === null || named.toLowerCase() !== mine?.toLowerCase()) return false;
  if (versionAt >= 0 && version !== part.version) return false;
  const architecture = new URLSearchParams(query).get('arch');
  return architecture === null || architecture === part.architecture;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // not percent-encoded as URLs are
  }
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':');
}
