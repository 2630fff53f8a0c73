import { closeSync, readSync } from 'node:fs';
import { watchDescriptor, type DescriptorWatch } from './descriptor-watch.ts';

/** Events of one moment are read together: costs less than a wake-up each, and a file's many writes become one. */
const batchMs = 100;
const readBytes = 64 * 1024;
/** Reads in a row before others on the event loop have their turn. */
const maxReads = 64;

/**
 * Hands what can be read from a non-blocking descriptor to `onBytes`, valid only during the call. Owns the descriptor: closes it on
 * `close`, and at once when it answers null because events cannot be had. `onFailure` is told of errors other than "no more", such
 * as ENOBUFS when the kernel has dropped messages.
 */
export function readEvents(
  descriptor: number,
  onBytes: (bytes: Buffer) => void,
  onFailure: () => void = () => undefined,
): DescriptorWatch | null {
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  let isClosed = false;
  const onReady = (): void => {
    for (let reads = 0; reads < maxReads && !isClosed; reads++) {
      try {
        const length = readSync(descriptor, buffer, 0, buffer.length, null);
        if (length === 0) return;
        onBytes(buffer.subarray(0, length));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') onFailure();
        return;
      }
    }
  };
  const watch = watchDescriptor(descriptor, 'readable', { delayMs: batchMs, onReady });
  if (watch === null) {
    closeSync(descriptor);
    return null;
  }
  return {
    close: () => {
      if (isClosed) return;
      isClosed = true;
      watch.close();
      closeSync(descriptor);
    },
  };
}
