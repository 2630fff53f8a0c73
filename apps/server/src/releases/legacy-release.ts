import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { ReleasePlatform } from '@vedette/protocol';
import { programTarget, type TargetEntry, targetFile, unpackTarget } from '@vedette/release';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../http/api-error.ts';
import type { Context } from '../context.ts';
import { compareReleaseVersions } from './compare-release-versions.ts';
import type { DownloadGate } from './download-gate.ts';
import type { ReleaseKeeper } from './release-keeper.ts';

/**
 * The older, plain endpoint: agents from before CDN support ask here what the newest settled code is, and fetch it unpacked. They hold it
 * against the hash of a reply that came over TLS; from the version they get on, they use signed metadata.
 */
export function registerLegacyRelease(
  app: FastifyInstance,
  { db, log }: Context,
  { keeper, admit }: { readonly keeper: ReleaseKeeper; readonly admit: DownloadGate },
): void {
  async function offered(platform: string): Promise<{ version: string; entry: TargetEntry; name: string }> {
    const parsed = ReleasePlatform.safeParse(platform);
    const version = parsed.success ? await settledVersion(platform) : null;
    const name = version === null ? '' : programTarget('agent', platform, version);
    const entry = keeper.published?.code.signed.targets[name];
    if (version === null || !entry || entry.custom.kind !== 'program')
      throw new ApiError('NOT_FOUND', 'No release is settled for this platform');
    return { version, entry, name };
  }

  /** The newest version that some organization has rolled out to all: nobody is given what is still on trial. */
  async function settledVersion(platform: string): Promise<string | null> {
    const rows = await db
      .selectFrom('rollout')
      .select('version')
      .distinct()
      .where('subject', '=', 'agent')
      .where('state', '=', 'complete')
      .execute();
    const known = rows.map(({ version }) => version).filter((version) => keeper.hasProgram('agent', platform, version));
    return known.toSorted(compareReleaseVersions).at(-1) ?? null;
  }

  app.get<{ Params: { platform: string } }>('/agent/v1/release/:platform', async (request, reply) => {
    const { version, entry } = await offered(request.params.platform);
    const { sha256, length } = entry.custom.unpacked;
    const url = `/agent/v1/release/${request.params.platform}/${version}`;
    return reply.header('cache-control', 'no-store').send({ version, sha256, length, url });
  });

  app.get<{ Params: { platform: string; version: string } }>('/agent/v1/release/:platform/:version', async (request, reply) => {
    const { version, entry, name } = await offered(request.params.platform);
    if (version !== request.params.version) throw new ApiError('NOT_FOUND', 'This version is not offered here (any more)');
    const { custom } = entry;
    if (custom.kind !== 'program') throw new ApiError('NOT_FOUND', 'This is no program');
    const size = custom.unpacked.length;
    admit(request, reply, { first: 0, last: size - 1, size });
    const output = new PassThrough();
    void unpackTarget(createReadStream(targetFile(keeper.directory, name, entry)), output, {
      custom: { ...custom, deltas: custom.deltas ?? [] },
    }).catch((error: unknown) => {
      log.error({ err: error, name }, 'a release could not be unpacked');
      output.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    return reply
      .header('content-length', custom.unpacked.length)
      .header('cache-control', 'no-store')
      .type('application/octet-stream')
      .send(output);
  });
}
