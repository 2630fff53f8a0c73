import { addressOf, ApiError, type InputOf, problemOf, type ReplyOf } from '@vedette/client';
import type { Endpoint } from '@vedette/protocol';
import { send, takeAhead } from './ahead.ts';

export { addressOf, ApiError } from '@vedette/client';
export type { InputOf, ReplyOf } from '@vedette/client';

/**
 * Calls one operation of the public API with the session cookie. The reply is taken as the endpoint describes it: the platform
 * validates what it sends, and unknown fields of a newer one do no harm. Throws ApiError.
 */
export async function call<E extends Endpoint>(endpoint: E, input: InputOf<E>, signal?: AbortSignal): Promise<ReplyOf<E>> {
  const parts = input as Parameters<typeof addressOf>[1] & { body?: unknown }; // InputOf<E> cannot be looked into while E is open
  const address = addressOf(endpoint.path, parts);
  const response = await reach(endpoint.method === 'GET' ? takeAhead(address) : undefined, address, {
    method: endpoint.method,
    signal: signal ?? null,
    headers: { accept: 'application/json', ...(parts.body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) }),
  });
  if (!response.ok) throw problemOf(response.status, await response.text());
  return (await response.json()) as ReplyOf<E>; // see above: the platform has validated it
}

async function reach(ahead: Promise<Response> | undefined, address: string, request: RequestInit): Promise<Response> {
  try {
    return await (ahead ?? send(address, request));
  } catch (cause) {
    if (request.signal?.aborted) throw cause;
    throw new ApiError(
      {
        status: 0,
        code: 'UNREACHABLE',
        title: 'The platform does not answer',
        detail: 'Check that it is running (npm start) and that this machine can reach it; then try again.',
      },
      { cause },
    );
  }
}
