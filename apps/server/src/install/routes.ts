import { createReadStream } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { publishedRoot } from '../releases/published-root.ts';
import { installScript } from './install-script.ts';
import { PackageFiles } from './package-files.ts';

/**
 * What a machine needs to become an asset: `/install.sh` and the packages it fetches. Public, like any download: enrolling takes an
 * activation key.
 */
export function registerInstall(app: FastifyInstance, { config }: Context): void {
  const files = new PackageFiles(config.packagesDirectory);
  app.get('/install.sh', async (request, reply) => {
    const origin = config.publicUrl ?? `${request.protocol}://${request.host}`;
    const script = installScript(origin, await files.list(), await publishedRoot(config.releasesDirectory));
    if (script === null) throw new ApiError('BAD_REQUEST', 'The Host header is no host name');
    return reply.header('cache-control', 'no-store').type('text/x-shellscript').send(script);
  });
  app.get<{ Params: { name: string } }>('/install/:name', async (request, reply) => {
    const found = (await files.list()).find(({ name }) => name === request.params.name);
    if (!found) throw new ApiError('NOT_FOUND', 'No such package is offered here; see /install.sh');
    return reply
      .header('content-length', found.bytes)
      .header('cache-control', 'no-store')
      .type('application/octet-stream')
      .send(createReadStream(found.path, { end: Math.max(0, found.bytes - 1) }));
  });
}
