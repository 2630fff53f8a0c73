import { cLibrary, cString } from './c-library.ts';
import { changeMask, overflowMask, type DirectoryEventHandlers, type DirectoryEvents } from './directory-events.ts';
import { readEvents } from './event-reader.ts';

// fanotify_init(2): CLOEXEC, NONBLOCK, REPORT_DIR_FID | REPORT_NAME. The queue keeps its limit, so that it cannot grow without end.
const initFlags = 0x1 | 0x2 | 0x400 | 0x800;
// fanotify_mark(2): MARK_ADD or MARK_REMOVE, ONLYDIR; ONDIR and EVENT_ON_CHILD tell of directories and of files in them.
const addMark = 0x1 | 0x8;
const removeMark = 0x2 | 0x8;
const markMask = BigInt(changeMask) | 0x4000_0000n | 0x0800_0000n;
const currentDirectory = -100;
const metadataBytes = 24;
const directoryAndName = 2; // FAN_EVENT_INFO_TYPE_DFID_NAME
const maxHandleBytes = 128;

/**
 * fanotify(7) with a mark on each directory. Not on whole file systems, although one mark would do there: then every change of any file would
 * wake the agent, and one that unpacks an archive would fill the queue and bring a full re-read. Events name the directory by its file
 * handle. Needs Linux 5.9, and CAP_SYS_ADMIN before 5.13; null where it is refused.
 */
export function openFanotify(handlers: DirectoryEventHandlers): DirectoryEvents | null {
  const c = cLibrary({
    fanotify_init: { arguments: ['uint32', 'uint32'], return: 'int32' },
    fanotify_mark: { arguments: ['int32', 'uint32', 'uint64', 'int32', 'pointer'], return: 'int32' },
    name_to_handle_at: { arguments: ['int32', 'pointer', 'pointer', 'pointer', 'int32'], return: 'int32' },
    statfs: { arguments: ['pointer', 'pointer'], return: 'int32' },
  });
  const descriptor = c?.call.fanotify_init(initFlags, 0) ?? -1;
  if (c === null || descriptor < 0) return null;
  const byKey = new Map<string, Set<string>>();
  const keys = new Map<string, string>();
  const reader = readEvents(descriptor, (bytes) => {
    for (const event of parseFanotifyEvents(bytes)) {
      if (event === 'overflow') handlers.onOverflow();
      else for (const directory of byKey.get(event.key) ?? []) handlers.onEvent(directory, event.name);
    }
  });
  if (reader === null) return null;

  /** File system id and file handle, as events carry them; null where the file system has none. */
  const keyOf = (path: Buffer): string | null => {
    const status = Buffer.alloc(128); // struct statfs: 120 bytes on 64-bit systems, f_fsid at 56
    const handle = Buffer.alloc(8 + maxHandleBytes);
    const mount = Buffer.alloc(8);
    if (c.call.statfs(path, status) !== 0) return null;
    // AT_SYMLINK_FOLLOW, with AT_HANDLE_FID where the kernel knows it (6.5): then a file system need not be exportable.
    const found = [0x400 | 0x200, 0x400].some((flags) => {
      handle.writeUInt32LE(maxHandleBytes, 0);
      return c.call.name_to_handle_at(currentDirectory, path, handle, mount, flags) === 0;
    });
    if (!found) return null;
    return status.toString('latin1', 56, 64) + handle.toString('latin1', 0, 8 + handle.readUInt32LE(0));
  };
  const remove = (directory: string): void => {
    const key = keys.get(directory);
    if (key === undefined) return;
    keys.delete(directory);
    const same = byKey.get(key);
    same?.delete(directory);
    if (same?.size !== 0) return;
    byKey.delete(key);
    // Fails where another directory stands there by now, and the mark went with the old one or tells nobody anything.
    c.call.fanotify_mark(descriptor, removeMark, markMask, currentDirectory, cString(directory));
  };
  return {
    add(directory) {
      const path = cString(directory);
      const key = keyOf(path);
      if (key === null) return false;
      remove(directory);
      if (c.call.fanotify_mark(descriptor, addMark, markMask, currentDirectory, path) !== 0) return false;
      keys.set(directory, key);
      byKey.set(key, (byKey.get(key) ?? new Set()).add(directory));
      return true;
    },
    remove,
    close: () => reader.close(),
  };
}

/**
 * Events of one read(2) of a fanotify descriptor: struct fanotify_event_metadata, each followed by information records. An event
 * without a directory handle is left out; what is not whole ends the list.
 */
export function* parseFanotifyEvents(bytes: Buffer): Generator<{ key: string; name: string | null } | 'overflow'> {
  for (let at = 0; at + metadataBytes <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    const end = at + length;
    if (length < metadataBytes || end > bytes.length) return;
    if ((bytes.readUInt32LE(at + 8) & overflowMask) !== 0) yield 'overflow';
    let record = at + bytes.readUInt16LE(at + 6);
    while (record >= at + metadataBytes && record + 4 <= end) {
      const recordEnd = record + bytes.readUInt16LE(record + 2);
      if (recordEnd < record + 4 || recordEnd > end) break;
      const event = bytes[record] === directoryAndName ? parseRecord(bytes, record, recordEnd) : null;
      if (event !== null) yield event;
      record = recordEnd;
    }
    at = end;
  }
}

/** struct fanotify_event_info_fid: header, file system id, struct file_handle, name with NUL. */
function parseRecord(bytes: Buffer, at: number, end: number): { key: string; name: string | null } | null {
  const handleAt = at + 12;
  if (handleAt + 8 > end) return null;
  const nameAt = handleAt + 8 + bytes.readUInt32LE(handleAt);
  if (nameAt > end) return null;
  const nul = bytes.indexOf(0, nameAt);
  const name = bytes.toString('utf8', nameAt, nul === -1 || nul > end ? end : nul);
  return { key: bytes.toString('latin1', at + 4, nameAt), name: name === '.' || name === '' ? null : name };
}
