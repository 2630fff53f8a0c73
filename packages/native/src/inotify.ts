import { cLibrary, cString } from './c-library.ts';
import { changeMask, overflowMask, type DirectoryEventHandlers, type DirectoryEvents } from './directory-events.ts';
import { readEvents } from './event-reader.ts';

// inotify_init1(2): IN_NONBLOCK | IN_CLOEXEC, equal to O_NONBLOCK and O_CLOEXEC.
const initFlags = 0o4000 | 0o2000000;
const onlyDirectories = 0x0100_0000;
const headerBytes = 16;

/**
 * inotify(7): one watch for each directory, for anybody who may read it. Node's fs.watch is not used because it does not tell when
 * events were lost. Null where the kernel refuses.
 */
export function openInotify(handlers: DirectoryEventHandlers): DirectoryEvents | null {
  const c = cLibrary({
    inotify_init1: { arguments: ['int32'], return: 'int32' },
    inotify_add_watch: { arguments: ['int32', 'pointer', 'uint32'], return: 'int32' },
    inotify_rm_watch: { arguments: ['int32', 'int32'], return: 'int32' },
  });
  const descriptor = c?.call.inotify_init1(initFlags) ?? -1;
  if (c === null || descriptor < 0) return null;
  // One directory under two names (a symbolic link) has one watch.
  const directories = new Map<number, Set<string>>();
  const watches = new Map<string, number>();
  const reader = readEvents(descriptor, (bytes) => {
    for (const { watch, name, isOverflow } of parseInotifyEvents(bytes)) {
      if (isOverflow) handlers.onOverflow();
      else for (const directory of directories.get(watch) ?? []) handlers.onEvent(directory, name);
    }
  });
  if (reader === null) return null;
  return {
    add(directory) {
      const watch = c.call.inotify_add_watch(descriptor, cString(directory), changeMask | onlyDirectories);
      if (watch < 0) return false;
      watches.set(directory, watch);
      directories.set(watch, (directories.get(watch) ?? new Set()).add(directory));
      return true;
    },
    remove(directory) {
      const watch = watches.get(directory);
      if (watch === undefined) return;
      watches.delete(directory);
      const same = directories.get(watch);
      same?.delete(directory);
      if (same?.size !== 0) return;
      directories.delete(watch);
      c.call.inotify_rm_watch(descriptor, watch);
    },
    close: () => reader.close(),
  };
}

/** Events of one read(2) of an inotify descriptor; what is not whole ends the list. */
export function* parseInotifyEvents(bytes: Buffer): Generator<{ watch: number; name: string | null; isOverflow: boolean }> {
  for (let at = 0; at + headerBytes <= bytes.length;) {
    const end = at + headerBytes + bytes.readUInt32LE(at + 12);
    if (end > bytes.length) return;
    const isOverflow = (bytes.readUInt32LE(at + 4) & overflowMask) !== 0;
    const name = bytes.toString('utf8', at + headerBytes, end).replace(/\0.*$/s, '');
    yield { watch: bytes.readInt32LE(at), name: name === '' ? null : name, isOverflow };
    at = end;
  }
}
