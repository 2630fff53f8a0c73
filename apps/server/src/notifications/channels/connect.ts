import { once } from 'node:events';
import { type BlockList, connect, type Socket } from 'node:net';
import { DeliveryError } from './delivery-error.ts';
import { checkHost, safeLookup } from './safe-address.ts';

const timeoutMs = 15_000;

export interface Destination {
  readonly host: string;
  readonly port: number;
}

/**
 * Opens a TCP connection to where an organization wants something sent: to the public internet and to allowed networks alone. Throws
 * DeliveryError.
 */
export async function connectTo(
  { host, port }: Destination,
  { allowed, signal }: { readonly allowed: BlockList; readonly signal: AbortSignal },
): Promise<Socket> {
  checkHost(host, allowed);
  const ends = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const socket = connect({ host, port, lookup: safeLookup(allowed) });
  // Also after we stopped waiting: nobody else hears of it.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal: ends });
    return socket;
  } catch (error) {
    socket.destroy();
    if (ends.aborted && !signal.aborted) throw inTime(error);
    throw toDeliveryError(error);
  }
}

/** The address to send datagrams to. Throws DeliveryError REFUSED, and what a lookup throws. */
export function resolveHost(host: string, allowed: BlockList): Promise<{ readonly address: string; readonly family: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ address: string; family: number }>();
  safeLookup(allowed)(host, {}, (error, address, family) => {
    // A list is given to those alone who ask for all of them.
    if (error || typeof address !== 'string') reject(error ?? new DeliveryError('FAILED', 'The other side has no address'));
    else resolve({ address, family: family ?? 4 });
  });
  return promise;
}

export function inTime(cause: unknown): DeliveryError {
  return new DeliveryError('FAILED', 'The other side did not answer in time', { cause });
}

/** What went wrong below, in words; addresses and headers may be secret and are left out. */
export function toDeliveryError(error: unknown): DeliveryError {
  for (let one = error; one instanceof Error; one = one.cause) if (one instanceof DeliveryError) return one;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new DeliveryError('FAILED', `The other side could not be reached (${code})`, { cause: error });
}
