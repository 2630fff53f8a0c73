import { cLibrary, lazily } from './c-library.ts';

/** A kernel object's descriptor on Node's own event loop. */
export interface DescriptorWatch {
  close(): void;
}

interface Watched {
  /** Memory of the uv_poll_t; it must stay where it is until libuv has closed the handle. */
  readonly handle: Buffer;
  readonly start: () => void;
  readonly onReady: () => void;
  isClosed: boolean;
}

// UV_READABLE and UV_PRIORITIZED of uv.h; UV_POLL among its handle types.
const eventBits = { readable: 1, priority: 8 } as const;
const pollHandleType = 8;

/** By the address of the handle, as libuv names it. Also what keeps handles from the garbage collector. */
const watched = new Map<bigint, Watched>();

/**
 * Calls `onReady` some `delayMs` after the descriptor has become readable, or (`priority`) after a file of /proc has changed; what
 * happens within that time costs one call. No thread, no timer while nothing happens; keeps no process alive. `onReady` must not throw.
 * The descriptor stays the caller's, who closes it after `close`. Null where libuv cannot be reached.
 */
export function watchDescriptor(
  descriptor: number,
  events: keyof typeof eventBits,
  { delayMs, onReady }: { delayMs: number; onReady: () => void },
): DescriptorWatch | null {
  const loaded = load();
  if (loaded === null) return null;
  const { uv, loop, ffi, onEvent, onClosed } = loaded;
  const handle = Buffer.alloc(Number(uv.uv_handle_size(pollHandleType)));
  const address = ffi.getRawPointer(handle);
  if (uv.uv_poll_init(loop, address, descriptor) !== 0) return null;
  const one: Watched = {
    handle,
    isClosed: false,
    start: () => void uv.uv_poll_start(address, eventBits[events], onEvent),
    onReady: () => setTimeout(ready, delayMs).unref(),
  };
  const ready = (): void => {
    if (one.isClosed) return;
    onReady();
    if (!one.isClosed) one.start();
  };
  watched.set(address, one);
  uv.uv_unref(address);
  one.start();
  return {
    close: () => {
      if (one.isClosed) return;
      one.isClosed = true;
      uv.uv_close(address, onClosed);
    },
  };
}

const load = lazily(() => {
  const c = cLibrary({
    uv_handle_size: { arguments: ['int32'], return: 'uint64' },
    uv_poll_init: { arguments: ['pointer', 'pointer', 'int32'], return: 'int32' },
    uv_poll_start: { arguments: ['pointer', 'int32', 'pointer'], return: 'int32' },
    uv_poll_stop: { arguments: ['pointer'], return: 'int32' },
    uv_close: { arguments: ['pointer', 'pointer'], return: 'void' },
    uv_unref: { arguments: ['pointer'], return: 'void' },
  });
  if (c === null) return null;
  // libuv calls these outside of any JavaScript: what they leave to promises would wait, so they only set a timer. They live
  // as long as the process, because a handle that is closing still refers to them.
  const onEvent = c.library.registerCallback({ arguments: ['pointer', 'int32', 'int32'], return: 'void' }, (address) => {
    c.call.uv_poll_stop(address);
    watched.get(address as bigint)?.onReady(); // libuv hands over the address of the handle
  });
  const onClosed = c.library.registerCallback({ arguments: ['pointer'], return: 'void' }, (address) => {
    watched.delete(address as bigint); // likewise
  });
  return { ffi: c.ffi, uv: c.call, loop: c.ffi.getCurrentEventLoop(), onEvent, onClosed };
});
