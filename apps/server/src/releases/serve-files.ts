import { basename, join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import { metadataFolder, targetsFolder } from '@vedette/release';
import type { FastifyInstance } from 'fastify';

/** An edge, and with it an agent, learns of a release half a minute late at most. */
const timestampCache = 'public, max-age=30, must-revalidate';
const forever = 'public, max-age=31536000, immutable';

/**
 * The repository as any web server would serve it, which is why edges need nothing but this: `/tuf/` and `/targets/`, with ranges and
 * ETags. Everything but the timestamp has its version or hash in its address and may be kept for ever.
 */
export async function serveReleaseFiles(app: FastifyInstance, directory: string): Promise<void> {
  for (const folder of [metadataFolder, targetsFolder]) {
    await app.register(fastifyStatic, {
      root: join(directory, folder),
      prefix: `/${folder}`,
      decorateReply: false,
      index: false,
      dotfiles: 'deny',
      cacheControl: false,
      // Only what publishing put there: nothing that is being written.
      allowedPath: (path) => !path.endsWith('.new'),
      setHeaders(reply, path) {
        void reply.header('cache-control', path.endsWith(`${sep}timestamp.json`) ? timestampCache : forever);
        const [hash = ''] = basename(path).split('.', 1);
        if (/^[0-9a-f]{64}$/.test(hash)) void reply.header('etag', `"${hash}"`);
        void reply.header('content-type', path.endsWith('.json') ? 'application/json' : 'application/octet-stream');
      },
    });
  }
}
