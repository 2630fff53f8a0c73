import { ApiError } from '@vedette/client';
import { describe, expect, it } from 'vitest';
import { failureBeside } from './use-api.ts';

function failure(status: number): ApiError {
  return new ApiError({ status, code: 'INTERNAL', title: 'It failed', detail: 'It failed.' });
}

describe('failureBeside', () => {
  it.each([0, 429, 500, 503])('lets what is known stay when asking again ends with %i, which may be over soon', (status) => {
    expect(failureBeside({ items: [] }, failure(status))).toBeNull();
    expect(failureBeside(undefined, failure(status))).toMatchObject({ status });
  });

  it.each([400, 403, 404])('takes what is known away when it is refused with %i', (status) => {
    expect(failureBeside({ items: [] }, failure(status))).toMatchObject({ status });
  });
});
