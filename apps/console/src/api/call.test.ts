import { endpoints } from '@vedette/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addressOf, call } from './call.ts';

function platformAnswers(status: number, body: string) {
  const requests: { address: string; request: RequestInit }[] = [];
  vi.stubGlobal('fetch', (address: string, request: RequestInit) => {
    requests.push({ address, request });
    return Promise.resolve(new Response(body, { status }));
  });
  return requests;
}

afterEach(() => vi.unstubAllGlobals());

describe('addressOf', () => {
  it.each([
    ['/assets', {}, '/api/v1/assets'],
    ['/assets', { query: { search: 'a b&c', limit: 50, status: undefined } }, '/api/v1/assets?search=a+b%26c&limit=50'],
    [
      '/assets/:assetId/facts/:collector',
      { params: { assetId: '1', collector: 'file-system' } },
      '/api/v1/assets/1/facts/file-system',
    ],
    ['/assets/:assetId', { params: { assetId: '../../session' } }, '/api/v1/assets/..%2F..%2Fsession'],
    ['/assets', { query: { search: '' } }, '/api/v1/assets'],
  ])('%s with %j is %s', (path, input, address) => {
    expect(addressOf(path, input)).toBe(address);
  });
});

describe('call', () => {
  it('sends a body as JSON with the session and gives back the reply', async () => {
    const requests = platformAnswers(200, '{"login":"admin"}');
    await expect(call(endpoints.logIn, { body: { login: 'admin', password: 'p' } })).resolves.toEqual({ login: 'admin' });
    expect(requests).toMatchObject([
      {
        address: '/api/v1/session',
        request: {
          method: 'POST',
          credentials: 'same-origin',
          body: '{"login":"admin","password":"p"}',
          headers: { 'content-type': 'application/json' },
        },
      },
    ]);
  });

  it('names no content type when there is no body, because servers refuse an empty JSON document', async () => {
    const requests = platformAnswers(200, '{}');
    await call(endpoints.refreshKnowledge, {});
    expect(requests[0]?.request.headers).not.toHaveProperty('content-type');
  });

  it.each([
    [
      404,
      '{"code":"NOT_FOUND","title":"Not found","detail":"No such asset."}',
      { status: 404, code: 'NOT_FOUND', title: 'Not found', message: 'No such asset.' },
    ],
    [502, '<html>Bad gateway</html>', { status: 502, code: 'INTERNAL', title: 'The platform answered 502' }],
    [500, '{}', { status: 500, code: 'INTERNAL', title: 'The platform answered 500' }],
  ])('throws what a %i says: %s', async (status, body, error) => {
    platformAnswers(status, body);
    await expect(call(endpoints.getAbout, {})).rejects.toMatchObject({ name: 'ApiError', ...error });
  });

  it('says that the platform does not answer when the connection fails', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')));
    await expect(call(endpoints.getAbout, {})).rejects.toMatchObject({ status: 0, code: 'UNREACHABLE' });
  });
});
