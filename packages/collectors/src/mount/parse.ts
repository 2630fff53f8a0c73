export interface Mounted {
  readonly mount: string;
  readonly source: string;
  readonly type: string;
  readonly options: string[];
}

const maxLines = 20_000;

/** Where container managers mount file systems of their containers: hundreds that come and go and belong to them. */
const ofContainers =
  /^\/(var\/lib\/(docker|containers|containerd|kubelet|rancher|lxd)|run\/(containerd|docker|user|netns|snapd\/ns|containers)|snap)\//;
/** Options with a value that says nothing about a person or a password; of the others only those without a value are kept. */
const harmless: ReadonlySet<string> = new Set(
  'mode size nr_inodes uid gid fmask dmask umask subvol subvolid errors data vers nfsvers sec proto commit discard hidepid compress compress-force space_cache barrier stripe inode32 prjquota usrquota grpquota'.split(
    ' ',
  ),
);

/** Mounts out of proc_pid_mountinfo(5), a later one hiding an earlier at the same place, sorted. */
export function parseMounts(text: string): Mounted[] {
  const visible = new Map<string, Mounted>();
  for (const line of text.split('\n', maxLines)) {
    const mounted = parseLine(line);
    if (mounted !== null && !ofContainers.test(mounted.mount)) visible.set(mounted.mount, mounted);
  }
  return [...visible.values()].toSorted((a, b) => (a.mount < b.mount ? -1 : 1));
}

function parseLine(line: string): Mounted | null {
  const fields = line.split(' ');
  // Optional fields in any number end with a single hyphen.
  const separator = fields.indexOf('-', 6);
  const [, , , , mount = '', own = ''] = fields;
  const [type = '', source = '', ofFileSystem = ''] = separator === -1 ? [] : fields.slice(separator + 1);
  if (type === '' || !mount.startsWith('/')) return null;
  const options = new Set([...own.split(','), ...ofFileSystem.split(',')].map(unescape).filter(isHarmless));
  return { mount: unescape(mount), source: withoutCredentials(unescape(source)), type, options: [...options].toSorted() };
}

function isHarmless(option: string): boolean {
  const [name = '', ...value] = option.split('=');
  return name !== '' && (value.length === 0 ? /^[a-z0-9_-]{1,40}$/.test(name) : harmless.has(name));
}

/** A source may be a URL (davfs, sshfs): `https://user:password@host/`. */
function withoutCredentials(source: string): string {
  return source.replace(/^([a-z][a-z0-9+.-]{0,20}:\/\/|\/\/)?[^/@]{1,512}:[^/@]{0,512}@/i, '$1');
}

/** Blank, tab, line feed and backslash stand as octal numbers of three digits. */
function unescape(text: string): string {
  return text.replaceAll(/\\(040|011|012|134)/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
