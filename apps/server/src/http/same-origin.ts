import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import { ApiError } from './api-error.ts';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

/**
 * Two walls against other web sites in the same browser. DNS rebinding: on loopback only our own names are answered. CSRF:
 * what changes something and comes with a cookie must say that it comes from our own pages (Fetch Metadata, or Origin).
 */
export function refuseOtherSites(app: FastifyInstance, config: Config): void {
  const names = new Set(loopback);
  if (config.publicUrl !== null) names.add(new URL(config.publicUrl).hostname);
  const onLoopback = loopback.has(config.listen.host);
  app.addHook('onRequest', async (request) => {
    if (onLoopback && !names.has(request.hostname)) {
      throw new ApiError('BAD_REQUEST', `This platform does not answer to that name; set VEDETTE_PUBLIC_URL to use it`);
    }
    if (!isSafe(request) && !comesFromUs(request, config)) throw new ApiError('FORBIDDEN', 'The request comes from another site');
  });
}

function isSafe(request: FastifyRequest): boolean {
  return ['GET', 'HEAD', 'OPTIONS'].includes(request.method) || request.headers.authorization !== undefined;
}

function comesFromUs(request: FastifyRequest, config: Config): boolean {
  const { origin, cookie } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  if (origin !== undefined) return origin === config.publicUrl || (URL.canParse(origin) && new URL(origin).host === request.host);
  // Neither header: no browser. Without a cookie there is nothing to misuse (agents, the CLI's login).
  return cookie === undefined;
}
