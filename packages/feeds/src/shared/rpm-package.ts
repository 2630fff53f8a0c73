/** An rpm as a name, a package URL or a file name tells of it. */
export interface RpmPackage {
  readonly name: string;
  /** `epoch:version-release`, without an epoch of 0; null where only the name is said. */
  readonly version: string | null;
  /** `src` for a source package; null where it is not said. */
  readonly architecture: string | null;
  /** Module and stream of a modular rpm: nodejs:20. */
  readonly module: string | null;
}

/** Whether an rpm can have this name. */
export function isRpmName(text: string): boolean {
  return text.length <= 256 && /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/.test(text);
}

/** Whether it is `[epoch:]version[-release]` as rpm-version(7) has it. */
export function isRpmVersion(text: string): boolean {
  return text.length <= 256 && /^(?:\d{1,9}:)?[A-Za-z0-9._+~^]+(?:-[A-Za-z0-9._+~^]+)?$/.test(text);
}

/** Packages of debugging symbols: nobody runs them. */
export function isDebugPackage(name: string): boolean {
  return /-(?:debuginfo|debugsource)(?:-|$)/.test(name);
}

/** `1:2.0-1`; an epoch of 0 is none. Null for what is no version. */
export function rpmVersion(epoch: string, versionRelease: string): string | null {
  const version = /^0*$|^\(none\)$/.test(epoch) ? versionRelease : `${epoch}:${versionRelease}`;
  return isRpmVersion(version) ? version : null;
}

/** `nodejs:20` of `nodejs:20:8100020240612075645:489197e6`, a module's name, stream, version and context. */
export function moduleStream(text: string): string | null {
  return /^([A-Za-z0-9._+-]{1,128}:[A-Za-z0-9._+-]{1,128})(?=$|[:/])/.exec(text)?.[1] ?? null;
}

/** Whether the build is one of a module, by its release: 1.module_el8.6.0+2867+1234. */
export function isModular(version: string): boolean {
  return /\.module[_+]/.test(version);
}

/** Module and stream in the title of an erratum ("nodejs:18 security update"); null where it names none, or several. */
export function streamInTitle(title: string): string | null {
  const streams = [...title.slice(0, 1000).matchAll(/(?<![\w:.+-])[\w.+-]+:[\w.-]+/g)].map(([stream]) => stream);
  return streams.length === 1 ? (streams[0] ?? null) : null;
}

/**
 * A package URL of type rpm (purl-spec, types/rpm): `pkg:rpm/redhat/httpd@2.4.37-65?arch=x86_64&epoch=1&rpmmod=httpd:2.4`. Null for any
 * other text.
 */
export function parseRpmPurl(purl: string): RpmPackage | null {
  const match = /^pkg:rpm\/(?:[^/@?#]+\/)*([^/@?#]+)(?:@([^?#]+))?(?:\?([^#]*))?(?:#.*)?$/.exec(purl);
  if (!match) return null;
  const [, name = '', versionRelease, query = ''] = match;
  const qualifiers = new Map(query.split('&').map((pair) => pair.split('=', 2) as [string, string | undefined])); // at most two parts
  const value = (key: string): string | null => decoded(qualifiers.get(key) ?? '');
  const plainName = decoded(name);
  if (plainName === null || !isRpmName(plainName)) return null;
  const version = versionRelease === undefined ? null : rpmVersion(value('epoch') ?? '', decoded(versionRelease) ?? '');
  if (versionRelease !== undefined && version === null) return null;
  return { name: plainName, version, architecture: value('arch') || null, module: moduleStream(value('rpmmod') ?? '') };
}

/** Null for percent signs that encode nothing. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const architectures =
  'x86_64|aarch64|noarch|i[3-6]86|ppc64le|ppc64|ppc|s390x|s390|src|nosrc|armv7hl|armv7l|armv6hl|ia64|riscv64|loongarch64';
const nevra = new RegExp(`^(.+)-((?:\\d{1,9}:)?[^-:]+-[^-:]+)\\.(${architectures})(?:\\.rpm)?$`);

/**
 * Name, version and architecture of `openssl-1:3.0.7-28.el9.x86_64`, also with the epoch in front (`1:openssl-3.0.7-28.el9.x86_64`)
 * and with `.rpm` at the end. Null for a text of another form.
 */
export function parseNevra(text: string): RpmPackage | null {
  const [, epochInFront, rest = ''] = /^(?:(\d{1,9}):)?(.+)$/.exec(text.slice(0, 512)) ?? [];
  const [, name = '', version = '', architecture = ''] = nevra.exec(rest) ?? [];
  const [, epoch = epochInFront ?? '', versionRelease = ''] = /^(?:(\d{1,9}):)?(.*)$/.exec(version) ?? [];
  const whole = rpmVersion(epoch, versionRelease);
  return whole !== null && isRpmName(name) ? { name, version: whole, architecture, module: null } : null;
}
