import { getPlatformIdentification, type PlatformIdentification } from '@vedette/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { servePublic } from '../http/serve.ts';
import type { ReleaseKeeper } from './release-keeper.ts';

/** Which hosts a firewall must let through: to people as JSON of the API, to machines below /.well-known (RFC 8615). */
export function registerPlatformIdentification(app: FastifyInstance, { config }: Context, keeper: ReleaseKeeper): void {
  const platformOf = (request: FastifyRequest): string =>
    new URL(`${config.publicUrl ?? `${request.protocol}://${request.host}`}/`).href;
  servePublic(app, getPlatformIdentification, {}, async ({ request }) => identify(platformOf(request), keeper));
  app.get('/.well-known/vedette', async (request, reply) => {
    void reply.header('cache-control', 'public, max-age=300').type('application/json');
    return JSON.stringify(identify(platformOf(request), keeper), null, 2);
  });
}

function identify(platform: string, { origins }: ReleaseKeeper): PlatformIdentification {
  const regions = (origins?.regions ?? []).map((region) => ({ ...region, platform: region.platform ?? platform }));
  const addresses = regions.flatMap((region) =>
    [...region.origins, region.platform].map((url) => ({ region: region.name, url })),
  );
  const listed = regions.some((region) => region.platform === platform)
    ? addresses
    : [...addresses, { region: '', url: platform }];
  return {
    product: 'Vedette',
    platform,
    defaultRegion: origins?.defaultRegion ?? null,
    regions,
    checks: listed.map(({ region, url }) => {
      const status = new URL('/stub_status', url).href;
      return { region, url, linux: `curl -v ${status}`, windows: `iwr -UseBasicParsing ${status}` };
    }),
  };
}
