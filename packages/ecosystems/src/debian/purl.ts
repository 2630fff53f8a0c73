import type { DpkgPackage } from '@vedette/protocol';

/**
 * Package URL of an installed Debian package (purl specification, type deb):
 * pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=bookworm
 */
export function debianPurl(pkg: Pick<DpkgPackage, 'name' | 'version' | 'architecture'>, release: string): string {
  const qualifiers = [
    ...(pkg.architecture === '' ? [] : [`arch=${encode(pkg.architecture)}`]),
    ...(release === '' ? [] : [`distro=${encode(release)}`]),
  ];
  const path = `pkg:deb/debian/${encode(pkg.name.toLowerCase())}@${encode(pkg.version)}`;
  return qualifiers.length === 0 ? path : `${path}?${qualifiers.join('&')}`;
}

/** Percent-encoding as the purl specification wants it: everything but unreserved characters and the colon. */
function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':');
}
