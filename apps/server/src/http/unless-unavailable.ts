import { ApiError } from './api-error.ts';

/**
 * What was asked for; null where it is UNAVAILABLE at the moment. For the answer to a change that is stored already: whoever is told 503
 * does it again.
 */
export async function unlessUnavailable<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'UNAVAILABLE') return null;
    throw error;
  }
}
