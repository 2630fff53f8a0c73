import type { FastifyInstance } from 'fastify';
import { plays } from '../config.ts';
import type { Context } from '../context.ts';
import type { ProfileBoard } from '../profiles/profile-board.ts';
import { makeDownloadGate } from './download-gate.ts';
import { registerLegacyRelease } from './legacy-release.ts';
import { registerPlatformIdentification } from './platform-identification.ts';
import { registerPublicationRoutes } from './publication-routes.ts';
import { ReleaseDesk } from './release-desk.ts';
import { ReleaseKeeper } from './release-keeper.ts';
import { RolloutKeeper } from './rollout-keeper.ts';
import { registerReleaseEvents } from './release-events.ts';
import { registerRolloutRoutes } from './rollout-routes.ts';
import { serveReleaseFiles } from './serve-files.ts';

/** Everything about releases; the desk is for check-ins. */
export async function registerReleases(app: FastifyInstance, context: Context, profiles: ProfileBoard): Promise<ReleaseDesk> {
  const { config } = context;
  const keeper = new ReleaseKeeper(context);
  const desk = new ReleaseDesk(context, { keeper, profiles });
  await keeper.start();
  app.addHook('onClose', () => keeper[Symbol.asyncDispose]());
  if (plays(config, 'jobs')) {
    const rollouts = new RolloutKeeper({ context, keeper, desk });
    app.addHook('onReady', async () => rollouts.start());
    app.addHook('onClose', () => rollouts[Symbol.asyncDispose]());
  }
  const admit = makeDownloadGate(app, context);
  serveReleaseFiles(app, config.releasesDirectory, admit);
  registerPlatformIdentification(app, context, keeper);
  if (plays(config, 'ingest')) registerLegacyRelease(app, context, { keeper, admit });
  if (plays(config, 'api')) {
    registerPublicationRoutes(app, context, keeper);
    registerReleaseEvents(app, context);
    registerRolloutRoutes(app, context, { keeper, desk });
  }
  return desk;
}
