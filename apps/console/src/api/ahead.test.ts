import { endpoints } from '@vedette/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askAhead } from './ahead.ts';
import { ApiError, call } from './call.ts';

const address = '/api/v1/session';
let requests: string[];
let answer: () => Promise<Response>;

beforeEach(() => {
  requests = [];
  answer = () => Promise.resolve(new Response(`{"login":"${requests.length}"}`));
  vi.stubGlobal('fetch', (asked: string) => {
    requests.push(asked);
    return answer();
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('an answer asked for ahead', () => {
  it('is taken by the first call, and the next one asks again', async () => {
    await askAhead(address);
    expect(await call(endpoints.getSession, {})).toEqual({ login: '1' });
    expect(requests).toEqual([address]);
    expect(await call(endpoints.getSession, {})).toEqual({ login: '2' });
  });

  it('is left alone by a call that changes something at the same address', async () => {
    await askAhead(address);
    expect(await call(endpoints.logIn, { body: { login: 'admin', password: 'p' } })).toEqual({ login: '2' });
    expect(await call(endpoints.getSession, {})).toEqual({ login: '1' });
  });

  it('is not taken when it is old', async () => {
    const askedAt = performance.now();
    await askAhead(address);
    vi.spyOn(performance, 'now').mockReturnValue(askedAt + 6_000);
    expect(await call(endpoints.getSession, {})).toEqual({ login: '2' });
  });

  it.each([
    [() => Promise.reject(new TypeError('fetch failed')), 0, 'UNREACHABLE'],
    [() => Promise.resolve(new Response('{"code":"UNAUTHENTICATED"}', { status: 401 })), 401, 'UNAUTHENTICATED'],
  ])('that is a failure is one of the call', async (failing, status, code) => {
    answer = failing;
    askAhead(address).catch(() => undefined);
    const failure = await call(endpoints.getSession, {}).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ status, code });
  });
});
