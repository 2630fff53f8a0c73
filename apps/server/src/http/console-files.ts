import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './api-error.ts';
import { sendProblem } from './problems.ts';

const notBuilt = `<!doctype html><meta charset="utf-8"><title>Vedette</title>
<h1>The console has not been built</h1><p>Run <code>npm start</code>, which builds it, or set VEDETTE_CONSOLE_DIR.</p>
<p>The API works: <a href="/api/openapi.json">/api/openapi.json</a></p>`;

/** Serves the built console; addresses of its pages (deep links) give index.html, everything else unknown a problem. */
export async function serveConsole(app: FastifyInstance, directory: string): Promise<void> {
  const built = existsSync(join(directory, 'index.html'));
  if (built) {
    await app.register(fastifyStatic, {
      root: directory,
      cacheControl: false,
      // The build puts them beside the files.
      preCompressed: true,
      setHeaders(reply, path) {
        // Files below static/ carry the hash of their content in their name.
        const hashed = path.startsWith(join(directory, 'static') + sep);
        void reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    if (!isNavigation(request)) return sendProblem(reply, new ApiError('NOT_FOUND', 'Nothing is served at this address'));
    if (built) return reply.sendFile('index.html');
    return reply.status(503).header('cache-control', 'no-store').type('text/html').send(notBuilt);
  });
}

function isNavigation(request: FastifyRequest): boolean {
  const path = request.url.split('?', 1)[0] ?? '';
  if (/^\/(api|agent|install|static)(\/|$)/.test(path)) return false;
  return request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
}
