/** What happens to the entries of directories, as the kernel tells it. */
export interface DirectoryEvents {
  /** False when the kernel refuses this directory; then nothing is told of it. */
  add(directory: string): boolean;
  remove(directory: string): void;
  close(): void;
}

export interface DirectoryEventHandlers {
  /** An entry was made, written, moved, removed or its owner or mode changed; null when the directory itself was. */
  readonly onEvent: (directory: string, name: string | null) => void;
  /** The kernel's queue was full and events are lost: anything may have changed. */
  readonly onOverflow: () => void;
}

// The same bits in fanotify(7) and inotify(7): ATTRIB, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF,
// MOVE_SELF. Not MODIFY: a log would tell of each line.
export const changeMask = 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800;
export const overflowMask = 0x4000;
