import { limits } from '@vedette/protocol';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { isTimeout } from '../db/database-error.ts';
import { ApiError } from './api-error.ts';

/** Makes every failure a problem document; what nobody expected is logged and told without its internals. */
export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const known = toApiError(error);
    if (known.code === 'INTERNAL') request.log.error({ err: error, url: request.url.split('?', 1)[0] }, 'a request failed');
    if (isTimeout(error)) request.log.warn({ url: request.url.split('?', 1)[0] }, 'a request took too long for the database');
    return sendProblem(reply, known);
  });
}

export function sendProblem(reply: FastifyReply, error: ApiError): FastifyReply {
  const problem = error.toProblem();
  if (problem.retryAfterSeconds !== undefined) void reply.header('retry-after', problem.retryAfterSeconds);
  return reply.status(problem.status).header('cache-control', 'no-store').type('application/problem+json').send(problem);
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  // PostgreSQL's texts hold no NUL (SQLSTATE 22021), so nothing that was asked for could have one.
  if (error instanceof Error && 'code' in error && error.code === '22021')
    return new ApiError('BAD_REQUEST', 'A text of the request holds a NUL character', { cause: error });
  if (isTimeout(error)) {
    const advice = 'narrow it down: fewer assets, a shorter time, a query that says more';
    return new ApiError('UNAVAILABLE', `Answering this would take too long; ${advice}`, { cause: error });
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
  if (status === 413)
    return new ApiError('BODY_TOO_LARGE', `A request body may have ${limits.apiBodyBytes} bytes`, { cause: error });
  if (status === 415) return new ApiError('BAD_REQUEST', 'Send the body as application/json', { cause: error });
  // Fastify's own texts about bodies and addresses quote nothing of ours.
  if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiError('BAD_REQUEST', error.message, { cause: error });
  }
  return new ApiError('INTERNAL', 'The platform could not answer; its log says why', { cause: error });
}
