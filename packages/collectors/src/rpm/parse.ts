import type { RandomBytes } from '@vedette/ecosystems';
import { HostError, type Host } from '../host.ts';

const windowBytes = 256 * 1024;
/** Databases jump between a few places at a time: an index, a table, an overflow chain. */
const maxWindows = 4;

/**
 * A file of the host, read by windows of 256 KiB of which four are kept, so that a database of hundreds of megabytes costs one. Null for a file that
 * is not there. `slice` throws HostError.
 */
export function hostBytes(host: Host, path: string, maxBytes: number): RandomBytes | null {
  const status = host.stat(path);
  if (status === null) return null;
  if (status.kind !== 'file') throw new HostError('NOT_A_FILE', path);
  if (status.sizeBytes > maxBytes) throw new HostError('TOO_LARGE', path);
  const length = status.sizeBytes;
  // In the order of their use, the latest last.
  const windows = new Map<number, Uint8Array>();
  const read = (offset: number, bytes: number): Uint8Array => {
    const content = host.readRange(path, { offset, bytes });
    // Shorter than a moment ago: somebody writes, and what was read so far is not what it was.
    if (content === null || content.length < bytes) throw new HostError('IO', path);
    return content;
  };
  const windowAt = (offset: number): Uint8Array => {
    const content = windows.get(offset) ?? read(offset, Math.min(windowBytes, length - offset));
    windows.delete(offset);
    windows.set(offset, content);
    for (const oldest of windows.keys()) if (windows.size > maxWindows) windows.delete(oldest);
    return content;
  };
  return {
    length,
    slice(start, wanted) {
      const end = Math.min(wanted, length);
      if (start >= end) return new Uint8Array(0);
      const first = start - (start % windowBytes);
      if (end > first + windowBytes) return read(start, end - start);
      return windowAt(first).subarray(start - first, end - first);
    },
  };
}
