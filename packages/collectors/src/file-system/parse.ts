export interface Mount {
  /** `major:minor` of the file system. */
  readonly deviceNumber: string;
  /** What of the file system is mounted: `/`, or a part of it by a bind mount or subvolume. */
  readonly root: string;
  readonly mount: string;
  readonly type: string;
  readonly device: string;
}

/** Mounts that are looked at; a host with thousands of containers has more, and they hold no file systems of their own. */
const maxLines = 20_000;

// Those that keep data. Everything else is memory, a view of the kernel, or a read-only image.
const dataTypes = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs f2fs jfs reiserfs bcachefs vfat exfat ntfs ntfs3 fuseblk nfs nfs4 cifs smb3 ceph glusterfs ocfs2 gfs2'.split(
    ' ',
  ),
);

/**
 * File systems that hold data, out of proc_pid_mountinfo(5), each once, sorted by mount point. An overlay counts only as the root of a container.
 * A later mount hides an earlier one at the same place.
 */
export function parseMountInfo(text: string): Mount[] {
  const visible = new Map<string, Mount>();
  for (const line of text.split('\n').slice(0, maxLines)) {
    const mount = parseLine(line);
    if (mount !== null) visible.set(mount.mount, mount);
  }
  const byDevice = new Map<string, Mount>();
  for (const mount of visible.values()) {
    if (!dataTypes.has(mount.type) && !(mount.type === 'overlay' && mount.mount === '/')) continue;
    const other = byDevice.get(mount.deviceNumber);
    if (other === undefined || isPreferred(mount, other)) byDevice.set(mount.deviceNumber, mount);
  }
  return [...byDevice.values()].toSorted((a, b) => (a.mount < b.mount ? -1 : 1));
}

/** Of two places of one file system: where all of it is, then the shorter path. */
function isPreferred(a: Mount, b: Mount): boolean {
  if ((a.root === '/') !== (b.root === '/')) return a.root === '/';
  return a.mount.length < b.mount.length;
}

function parseLine(line: string): Mount | null {
  const fields = line.split(' ');
  // Optional fields in any number end with a single hyphen.
  const separator = fields.indexOf('-', 6);
  const [, , deviceNumber = '', root = '', mount = ''] = fields;
  const [type = '', device = ''] = separator === -1 ? [] : fields.slice(separator + 1);
  if (type === '' || !/^[0-9]{1,9}:[0-9]{1,9}$/.test(deviceNumber) || !mount.startsWith('/')) return null;
  return { deviceNumber, root: unescape(root), mount: unescape(mount), type, device: unescape(device) };
}

/** Blank, tab, line feed and backslash stand as octal numbers of three digits; other bytes as they are. */
function unescape(text: string): string {
  return text.replaceAll(/\\(040|011|012|134)/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Part of the space in use, as df(1) reckons it, rounded to 5 so that a breathing disk is not a change. 0 to 100. */
export function usedPercent(size: { sizeBytes: number; freeBytes: number; availableBytes: number }): number {
  const used = size.sizeBytes - size.freeBytes;
  const total = used + size.availableBytes;
  if (!(total > 0) || !(used > 0)) return 0;
  return Math.min(100, Math.round((used / total) * 20) * 5);
}
