import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { getReleaseRepository, publishRelease } from '@vedette/protocol';
import {
  combine,
  parseOffline,
  type Published,
  readPublished,
  ReleaseError,
  type Staged,
  syncFolder,
  targetFile,
} from '@vedette/release';
import type { FastifyInstance } from 'fastify';
import { admit } from '../auth/admit.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import type { ReleaseKeeper } from './release-keeper.ts';

/** A runtime for one platform has about 35 MB. */
const maxFileBytes = 512 * 1024 * 1024;

/** How releases come to the platform: files by their hash first, then the signed metadata that names them. */
export function registerPublicationRoutes(app: FastifyInstance, context: Context, keeper: ReleaseKeeper): void {
  const { log } = context;

  serve(app, context, getReleaseRepository, async () => {
    const { public: keys } = await keeper.keys();
    const online = (role: 'snapshot' | 'timestamp') => ({ keyId: keys[role].keyId, public: keys[role].public });
    return {
      onlineKeys: { snapshot: online('snapshot'), timestamp: online('timestamp') },
      isPublished: keeper.published !== null,
      roles: keeper.roles(),
      ...describe(keeper.published),
      problem: keeper.problem,
    };
  });

  serve(app, context, publishRelease, async ({ body: { documents, dryRun }, caller }) => {
    const staged = readStaged(documents);
    try {
      const published = await readPublished(keeper.directory);
      const next = combine(published, staged, context.clock());
      const versions = Object.fromEntries(Object.entries(next).map(([role, { signed }]) => [role, signed.version]));
      const missing = await missingFiles(keeper.directory, next);
      if (missing.length > 0 || dryRun) return { published: false, missing, versions };
      await keeper.publish(staged);
      log.info(
        { audit: 'release', versions, by: caller.login, organizationId: caller.organizationId },
        'releases were published',
      );
      return { published: true, missing: [], versions };
    } catch (error) {
      if (error instanceof ReleaseError) throw new ApiError('CONFLICT', `${error.code}: ${error.message}`, { cause: error });
      throw error;
    }
  });

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.put<{ Params: { sha256: string } }>(
      '/api/v1/releases/files/:sha256',
      { bodyLimit: maxFileBytes },
      async (request, reply) => {
        await admit(context, request, 'release:write');
        const { sha256 } = request.params;
        if (!/^[0-9a-f]{64}$/.test(sha256)) throw new ApiError('BAD_REQUEST', 'The last part of the address is no SHA-256');
        const file = uploadFile(keeper.directory, sha256);
        await receive(request.body as AsyncIterable<Uint8Array>, file, sha256); // the parser above hands the stream on
        return reply.status(204).send();
      },
    );
  });
}

/** Uploaded files wait here, by hash, until metadata names them. */
function uploadFile(directory: string, sha256: string): string {
  return join(directory, 'uploads', sha256);
}

async function receive(body: AsyncIterable<Uint8Array>, file: string, sha256: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const beside = `${file}.${randomUUID()}.new`;
  const hash = createHash('sha256');
  let bytes = 0;
  async function* checked(): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > maxFileBytes) throw new ApiError('BODY_TOO_LARGE', `A file may have ${maxFileBytes} bytes`);
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    await pipeline(checked, createWriteStream(beside, { flush: true }));
    if (hash.digest('hex') !== sha256) throw new ApiError('BAD_REQUEST', 'The bytes have another SHA-256 than the address');
    await rename(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
}

type Named = Pick<Published, 'targets' | 'content' | 'code'>;

/** Puts uploaded files where metadata names them; returns those that nobody has uploaded. Their bytes are checked when publishing. */
async function missingFiles(directory: string, next: Named): Promise<{ name: string; sha256: string; length: number }[]> {
  const missing: { name: string; sha256: string; length: number }[] = [];
  for (const role of ['targets', 'content', 'code'] as const) {
    for (const [name, entry] of Object.entries(next[role].signed.targets)) {
      const to = targetFile(directory, name, entry);
      if (await isFile(to, entry.length)) continue;
      const from = uploadFile(directory, entry.hashes.sha256);
      if (await isFile(from, entry.length)) {
        await mkdir(dirname(to), { recursive: true });
        await rename(from, to);
        // The same on every server and mirror, and independent of when it was uploaded.
        await utimes(to, 0, 0);
        await syncFolder(dirname(to));
      } else missing.push({ name, sha256: entry.hashes.sha256, length: entry.length });
    }
  }
  return missing;
}

function isFile(file: string, length: number): Promise<boolean> {
  return stat(file).then(
    (stats) => stats.isFile() && stats.size === length,
    () => false,
  );
}

function readStaged(documents: Record<string, unknown>): Staged {
  try {
    const { root, targets, content, code } = documents;
    return {
      ...(root === undefined ? {} : { root: parseOffline('root', root) }),
      ...(targets === undefined ? {} : { targets: parseOffline('targets', targets) }),
      ...(content === undefined ? {} : { content: parseOffline('content', content) }),
      ...(code === undefined ? {} : { code: parseOffline('code', code) }),
    };
  } catch (error) {
    if (error instanceof ReleaseError) throw new ApiError('BAD_REQUEST', error.message, { cause: error });
    throw error;
  }
}

function describe(published: Published | null) {
  const code = Object.values(published?.code.signed.targets ?? {});
  const content = Object.values(published?.content.signed.targets ?? {});
  const revoked = [...(published?.code.signed.revoked ?? []), ...(published?.content.signed.revoked ?? [])];
  return {
    programs: code.flatMap(({ custom, length }) => {
      if (custom.kind !== 'program') return [];
      const { product, version, platform, releasedAt, deltas = [] } = custom;
      const deltaBytes = deltas.length > 0 ? Math.min(...deltas.map((delta) => delta.length)) : null;
      return [{ product, version, platform, bytes: length, deltaBytes, releasedAt }];
    }),
    content: content.flatMap(({ custom, length }) =>
      custom.kind === 'content'
        ? [{ content: custom.content, version: custom.version, bytes: length, releasedAt: custom.releasedAt }]
        : [],
    ),
    revoked,
  };
}
