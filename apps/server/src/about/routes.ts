import { versions } from 'node:process';
import { getAbout } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { PackageFiles } from '../install/package-files.ts';
import { serve } from '../http/serve.ts';
import { productVersion } from '../version.ts';

export function registerAbout(app: FastifyInstance, context: Context): void {
  const packages = new PackageFiles(context.config.packagesDirectory);
  serve(app, context, getAbout, async ({ caller, request }) => {
    const { rows } = await sql<{ version: string }>`select current_setting('server_version') as version`.execute(context.db);
    const agentVersions = await context.db
      .selectFrom('agent')
      .select((select) => ['version', select.fn.countAll<number>().as('agents')])
      .where('organizationId', '=', caller.organizationId)
      .groupBy('version')
      .orderBy('version')
      .execute();
    const { state, verifiedAt, healedAssets } = context.fleetIndex.status;
    return {
      product: 'Vedette' as const,
      version: productVersion,
      node: versions.node,
      postgres: rows[0]?.version ?? '',
      platformUrl: context.config.publicUrl ?? `${request.protocol}://${request.host}`,
      agentPackages: (await packages.list()).map(({ name, bytes }) => ({ name, bytes })),
      agentVersions,
      startedAt: context.startedAt.toISOString(),
      fleetIndex: { state, verifiedAt: verifiedAt?.toISOString() ?? null, healedAssets },
      license: 'Apache-2.0' as const,
    };
  });
}
